//! A plain stream beside the log, in a layout that the NATS tools know: a key-value bucket, or an object store.

mod failure;
mod page;
mod stream;

pub(crate) use failure::{Failure, Refusal};
pub(crate) use page::Entry;
pub(crate) use stream::{SideStream, Stored};
