//! What every service that answers over HTTP needs: a listener with limits that ends gracefully, and problem documents
//! (RFC 9457).

mod bind;
mod bounded;
mod connection_limits;
mod connections;
mod problem;
mod problem_type;
mod timed_writes;

pub use bind::{BindError, bind};
pub use connection_limits::ConnectionLimits;
pub use connections::serve;
pub use problem::{Problem, VIOLATIONS_MAX, Violation};
pub use problem_type::ProblemType;
