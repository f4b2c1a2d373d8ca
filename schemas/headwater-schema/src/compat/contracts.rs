use serde_json::Value;

/// The two schemas of one version of an event: schemars derives them apart, because serde may write less than it reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Contracts {
    /// What a writer writes.
    pub serialize: Value,
    /// What a reader takes.
    pub deserialize: Value,
}

impl Contracts {
    /// A schema that was written by hand is both.
    #[must_use]
    pub fn same(schema: Value) -> Self {
        Self { serialize: schema.clone(), deserialize: schema }
    }
}
