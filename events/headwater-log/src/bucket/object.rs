use std::collections::BTreeMap;

use jiff::Timestamp;

/// What is kept in a bucket, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// The SHA-256 of its content, as `SHA-256=` and base64 for URLs.
    pub digest: String,
    /// What whoever put it has said of it.
    pub metadata: BTreeMap<String, String>,
    /// When it was put, by the clock of the server that took it.
    pub put_at: Timestamp,
}

/// How long a name may be, in bytes: it is a part of a subject, and of a file's name.
pub(super) const NAME_BYTES_MAX: usize = 120;

/// How large an object's description may be, in bytes.
pub(super) const INFO_BYTES_MAX: usize = 32 * 1024;

/// Whether an object can have this name.
pub(super) fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control)
}
