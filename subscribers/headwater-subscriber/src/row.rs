use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::StoreError;
use crate::state::parse;

/// A row as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    /// The table.
    pub table: String,
    /// The key's text.
    pub key: String,
    /// The value's JSON.
    pub value: Box<RawValue>,
}

impl Row {
    pub(crate) fn new(table: &str, key: &str, value: &[u8]) -> Result<Self, StoreError> {
        Ok(Self {
            table: table.to_owned(),
            key: key.to_owned(),
            value: parse(&format!("{table} {key}"), value)?,
        })
    }

    pub(crate) fn parse<V: DeserializeOwned>(&self) -> Result<V, StoreError> {
        parse(&format!("{} {}", self.table, self.key), self.value.get().as_bytes())
    }
}
