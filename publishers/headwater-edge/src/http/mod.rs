//! Routes, limits and connections.

mod answer;
mod body;
mod connections;
mod edge;
mod failure;
mod health;
mod limits;
mod publish;

pub use connections::serve;
pub use edge::Edge;
pub use limits::Limits;
