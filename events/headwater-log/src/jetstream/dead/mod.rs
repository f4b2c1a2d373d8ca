//! Dead letters: pointers to events whose effect couldn't be done, and what operators ask to be done with them.
//!
//! A connection that parks needs the permission to publish to `dead.<reactor>.>` and `discarded.<reactor>.>`, one that asks, to
//! `asked.<reactor>`; both to create, read and delete from the stream `DEAD`.

mod ask;
mod dead_letters;
mod error;
mod letter;

pub use ask::{Ask, AskedFor};
pub use dead_letters::DeadLetters;
pub use error::DeadLetterError;
pub use letter::{Discarded, Letter, ParkedLetter, Reason};
