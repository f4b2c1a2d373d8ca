//! A projection over HTTP: what it has, from which position, what changes, whether it is well, and its figures. The last two
//! a reactor has as well.

mod answer;
mod args;
mod changes;
mod cursor;
mod freshness;
mod health;
mod index_page;
mod lag;
mod lag_metrics;
mod limits;
mod listener_metrics;
mod oldest;
mod params;
mod passed;
mod phase;
mod problems;
mod projection_lag;
mod queries;
mod range;
mod reader;
mod request_metrics;
mod room;
mod source;
mod state_metrics;
mod tables;
mod waiting;

pub use answer::Answer;
pub(crate) use answer::json;
pub(crate) use args::HttpArgs;
pub use freshness::Freshness;
pub use health::ReadyWithin;
pub(crate) use health::{figures, livez};
pub(crate) use lag::{Asks, Behind, Lag, LagAnswer};
pub use limits::QueryLimits;
pub(crate) use oldest::Oldest;
pub use problems::problems;
pub use queries::Queries;
pub use reader::Reader;
pub(crate) use request_metrics::{RequestMetrics, measure};
