//! The board over HTTP: a page for travellers, and the same as JSON.

mod api;
mod assets;
mod moment;
mod names;
mod page;
mod problems;
mod request;
mod routes;
mod sign;

pub use problems::problems;
pub use routes::routes;
