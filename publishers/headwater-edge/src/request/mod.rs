//! What an HTTP request says: its events, the version that it expects, and the trace that it is part of.

mod completion;
mod events;
mod media_type;
mod precondition;

pub(crate) use completion::Completion;
pub(crate) use events::Content;
pub(crate) use media_type::MediaType;
pub(crate) use precondition::expectation;
