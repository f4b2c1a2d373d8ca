//! What the contract macros call in constants, where the events' types are known and little else is to be had.

mod message;

pub use message::Message;

use crate::EventType;

/// An event as a contract names it.
pub struct Declared {
    /// The event. Contracts don't name the namespace.
    pub event: EventType<'static>,
    /// Its line in the contract.
    pub line: usize,
}

/// What a contract says of an event of the code.
pub enum Match {
    /// It names the event in this version.
    Same,
    /// It names the event in another version, on this line.
    OtherVersion {
        /// The version.
        version: u32,
        /// The line.
        line: usize,
    },
    /// It doesn't name the event.
    Missing,
}

/// Looks an event of the code up in the contract.
#[must_use]
pub const fn find(event: &EventType<'_>, declared: &[Declared]) -> Match {
    let mut found = Match::Missing;
    let mut index = 0;
    while index < declared.len() {
        let Declared { event: other, line } = &declared[index];
        if event.is_named_as(other) {
            if event.version == other.version {
                return Match::Same;
            }
            found = Match::OtherVersion { version: other.version, line: *line };
        }
        index += 1;
    }
    found
}

/// Whether the code has an event of the contract; or has it in a version that the contract doesn't name, which is
/// then said where the code has it.
#[must_use]
pub const fn has(code: &[EventType<'_>], event: &EventType<'_>, declared: &[Declared]) -> bool {
    let mut index = 0;
    while index < code.len() {
        let one = &code[index];
        if one.is_named_as(event)
            && (one.version == event.version || !matches!(find(one, declared), Match::Same))
        {
            return true;
        }
        index += 1;
    }
    false
}
