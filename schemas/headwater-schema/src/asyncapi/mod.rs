//! A whole system as one AsyncAPI 3.0 document, for the tools that read those.

mod channels;
mod document;
mod headers;
mod messages;
mod operations;
mod payload;

pub use document::document;
