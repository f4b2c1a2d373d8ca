use std::fmt::Display;

use serde::{Deserialize, Serialize};

use crate::DelayRow;

/// All figures of the projection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelayTable {
    /// All flights.
    pub total: DelayRow,
    /// Per carrier, by its code.
    pub by_carrier: Vec<KeyedRow>,
    /// Per origin, by its code.
    pub by_origin: Vec<KeyedRow>,
    /// Per hour of day of the scheduled departure, from 0.
    pub by_hour: Vec<KeyedRow>,
}

/// The figures of one carrier, origin or hour.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyedRow {
    /// What the flights have in common.
    pub key: String,
    /// What became of them.
    #[serde(flatten)]
    pub row: DelayRow,
}

impl<K: Display> From<(K, DelayRow)> for KeyedRow {
    fn from((key, row): (K, DelayRow)) -> Self {
        Self { key: key.to_string(), row }
    }
}
