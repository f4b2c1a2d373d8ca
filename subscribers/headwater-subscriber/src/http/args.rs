use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;

use super::ReadyWithin;

/// The options of what a service answers over HTTP.
#[derive(Debug, Args)]
pub(crate) struct HttpArgs {
    /// Answer over HTTP here, as in 127.0.0.1:8081: health, metrics, and what a projection has; port 0 lets the system choose
    #[arg(long, value_name = "ADDRESS", env = "HEADWATER_HTTP")]
    pub(crate) http: Option<SocketAddr>,

    /// Be ready when at most so many events are yet to take effect
    #[arg(long, value_name = "N", default_value_t = ReadyWithin::default().events, env = "HEADWATER_READY_LAG_EVENTS")]
    ready_lag_events: u64,

    /// Be ready when the oldest event that is yet to take effect is at most so many seconds old
    #[arg(long, value_name = "SECONDS", default_value_t = ReadyWithin::default().age.as_secs(), env = "HEADWATER_READY_LAG_SECONDS")]
    ready_lag_seconds: u64,
}

impl HttpArgs {
    /// The option that says where.
    pub(crate) const OPTION: &'static str = "--http";

    pub(crate) fn ready_within(&self) -> ReadyWithin {
        ReadyWithin { events: self.ready_lag_events, age: Duration::from_secs(self.ready_lag_seconds) }
    }
}
