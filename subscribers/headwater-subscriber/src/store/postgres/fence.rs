/// Who writes, and how often it has: the one row that each commit changes. A writer that doesn't find it as it has left
/// it has lost its place, even if it doesn't know that yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fence {
    pub(super) writer: String,
    pub(super) commits: i64,
}
