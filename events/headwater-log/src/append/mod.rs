//! What is appended, and what becomes of it.

mod commit;
mod error;
mod pending;

pub use commit::{Append, Commit};
pub(crate) use commit::{NewEvent, Part, is_about};
pub use error::AppendError;
pub use pending::{Appended, PendingAppend};
