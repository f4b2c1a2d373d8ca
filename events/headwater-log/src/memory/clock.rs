use jiff::Timestamp;

/// What tells when an event is stored.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Clock {
    /// The machine's.
    #[default]
    Running,
    /// A test's: it stands still until it is set.
    Stopped(Timestamp),
}

impl Clock {
    pub(super) fn now(self) -> Timestamp {
        match self {
            Self::Running => Timestamp::now(),
            Self::Stopped(at) => at,
        }
    }
}
