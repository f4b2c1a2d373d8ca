use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Object;

/// What is stored of an object beside its chunks, in the layout of NATS ADR-20.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Info {
    pub(super) name: String,
    pub(super) bucket: String,
    /// Names the chunks.
    pub(super) nuid: String,
    #[serde(default)]
    pub(super) size: u64,
    #[serde(default)]
    pub(super) chunks: u64,
    #[serde(default)]
    pub(super) digest: String,
    #[serde(default)]
    pub(super) metadata: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) deleted: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) options: Option<Options>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Options {
    /// Another object of which this is only a name. Other programs make links, and we make none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) link: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) max_chunk_size: Option<usize>,
}

impl Info {
    pub(super) fn is_link(&self) -> bool {
        self.options.as_ref().is_some_and(|options| options.link.is_some())
    }

    pub(super) fn object(self, put_at: Timestamp) -> Object {
        Object { name: self.name, size: self.size, digest: self.digest, metadata: self.metadata, put_at }
    }

    pub(super) fn json(&self) -> Vec<u8> {
        // Strings and numbers always are JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}
