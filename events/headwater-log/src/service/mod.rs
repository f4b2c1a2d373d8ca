//! What a process around a log needs: a connection from its options, its logs, its signals, its exit code,
//! and whether its contract fits the services that are running.

mod client_events;
mod connect_error;
mod connection;
mod context;
mod contracts;
mod credentials;
mod exit;
#[cfg(feature = "http")]
pub mod http;
mod logs;
mod process;
mod reconnect;
mod secret;
mod servers;
mod shutdown;
mod tls;

pub use crate::denials::{Denial, Denials};
pub use connect_error::ConnectError;
pub use connection::Connection;
pub use contracts::{
    AnnounceError, Announced, ContractCheck, Contracts, Joined, Running, RunningService, Unreadable,
    announce, instance,
};
pub use exit::Exit;
pub use logs::{LogFormat, Logs, LogsError, init_logs};
pub use process::{Failure, report, run};
pub use servers::ServersError;
pub use shutdown::Shutdown;
// What is announced is a part of what services and tests say here.
pub use headwater_schema::deploy::{AnnouncedContract, AnnouncedSchema, Announcement};
