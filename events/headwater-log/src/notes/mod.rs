//! What is kept beside events, and what becomes of it.

mod error;
mod note;

pub use error::NoteError;
pub use note::Note;
pub(crate) use note::{NewNote, is_name, new_notes};
