use jiff::Timestamp;

/// What is needed to decide whether a station's observation is new: when its last one was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Station {
    pub(super) last_observed_at: Option<Timestamp>,
}
