//! What can be said about two schemas.

use serde_json::Value;

/// What is known about two schemas.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Every document of the first schema is one of the second.
    Subset,
    /// This document is one of the first schema and not of the second; a validator has confirmed both.
    NotSubset {
        /// The document.
        witness: Value,
    },
    /// Neither is known.
    Unknown {
        /// Why: which keyword, and where.
        reason: String,
    },
}

/// How `format` is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Formats {
    /// Readers may check it or not, as JSON Schema leaves open: what is said holds for both.
    Either,
    /// It is always checked.
    Checked,
}
