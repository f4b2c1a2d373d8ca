/// At which version the client expects the aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expectation {
    /// At any: the event states a fact, and goes behind whatever is there.
    Any,
    /// At this one; 0 is a new aggregate.
    Version(u64),
    /// At any but 0.
    Exists,
}

impl Expectation {
    pub(crate) fn is_met_by(self, version: u64) -> bool {
        match self {
            Self::Any => true,
            Self::Version(expected) => expected == version,
            Self::Exists => version > 0,
        }
    }
}
