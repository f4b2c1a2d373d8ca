/// How it is with the projection in this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Phase {
    /// It doesn't follow its streams yet.
    Starting,
    /// It follows them.
    Following,
    /// It has halted, for this reason.
    Halted(String),
}
