use std::time::Duration;

use async_nats::HeaderMap;
use serde::{Deserialize, Serialize};

use super::config::{SUBJECTS, limited};
use crate::side_stream::Entry;

/// How a bucket's clients say that a key was deleted, and its server that it has deleted one.
const OPERATION: &str = "KV-Operation";
const MARKER: &str = "Nats-Marker-Reason";

/// How long it is known that a member is dead: long after its leases have other holders.
const DEAD_FOR: &str = "1h";

/// By it a member's renewal is told from news.
pub(super) const BEAT: &str = "Headwater-Beat";

/// What a member says of itself, each time it renews its leases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MemberRecord {
    /// What its service wants others to know.
    pub(super) payload: String,
    /// How long others have to wait when it is silent, in milliseconds: it is the holder's time that counts.
    pub(super) lease_ms: u64,
    /// How many partitions the group has to its knowledge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) partitions: Option<u32>,
    /// The sequence with which it joined; unknown when it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) joined: Option<u64>,
}

impl MemberRecord {
    /// What can't be read is from another version, or from nobody: it has its time too.
    pub(super) fn read(payload: &[u8], time: Duration) -> Self {
        serde_json::from_slice(payload).unwrap_or_else(|_| Self {
            payload: String::new(),
            lease_ms: u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
            partitions: None,
            joined: None,
        })
    }

    /// How long others wait.
    pub(super) fn time(&self) -> Duration {
        limited(Duration::from_millis(self.lease_ms))
    }
}

/// What is stored under a lease's name.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LeaseRecord {
    /// The member's id.
    pub(super) holder: String,
}

pub(super) fn is_deleted(entry: &Entry) -> bool {
    entry.headers.get(OPERATION).is_some() || entry.headers.get(MARKER).is_some()
}

/// The headers of a message that deletes a lease's record.
pub(super) fn released() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(OPERATION, "DEL");
    headers
}

/// The headers of a message that declares a member dead. It vanishes some time later, or the bucket would grow with each start.
pub(super) fn dead() -> HeaderMap {
    let mut headers = released();
    headers.insert("Nats-TTL", DEAD_FOR);
    headers
}

/// The keys of a group.
#[derive(Debug, Clone)]
pub(super) struct Keys(String);

impl Keys {
    pub(super) fn new(group: &str) -> Self {
        Self(format!("{SUBJECTS}{group}"))
    }

    pub(super) fn all(&self) -> String {
        format!("{}.>", self.0)
    }

    pub(super) fn member(&self, id: &str) -> String {
        format!("{}.member.{id}", self.0)
    }

    pub(super) fn lease(&self, name: &str) -> String {
        format!("{}.lease.{name}", self.0)
    }

    /// Whose key a subject is.
    pub(super) fn read<'a>(&self, subject: &'a str) -> Option<Key<'a>> {
        match subject.strip_prefix(&self.0)?.strip_prefix('.')?.split_once('.')? {
            ("member", id) => Some(Key::Member(id)),
            ("lease", name) => Some(Key::Lease(name)),
            _ => None,
        }
    }
}

pub(super) enum Key<'a> {
    Member(&'a str),
    Lease(&'a str),
}

/// How long a name may be: what is named shares a subject with others.
const NAME_BYTES_MAX: usize = 128;

/// Whether it can be a token of a key.
pub(super) fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
