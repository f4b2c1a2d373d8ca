//! What is appended, and what becomes of it.

mod commit;
mod decision;
mod error;
mod pending;

pub use commit::{Append, Commit};
pub(crate) use commit::{MESSAGE_BYTES_MAX, NewEvent, Part, is_about};
pub(crate) use decision::{Decision, Stored, decide};
pub use error::AppendError;
pub use pending::{Appended, PendingAppend};
