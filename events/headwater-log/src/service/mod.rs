//! What a process around a log needs: a connection from its options, its logs, its signals, its exit code.

mod client_events;
mod connect_error;
mod connection;
mod context;
mod credentials;
mod exit;
mod logs;
mod process;
mod reconnect;
mod secret;
mod servers;
mod shutdown;
mod tls;

pub use connect_error::ConnectError;
pub use connection::Connection;
pub use exit::Exit;
pub use logs::{LogFormat, Logs, LogsError, init_logs};
pub use process::{Failure, report, run};
pub use servers::ServersError;
pub use shutdown::Shutdown;
