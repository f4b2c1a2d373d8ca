use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use headwater_log::service::Connection;
use headwater_log::{EmbeddedLog, JetStreamConfig, JetStreamLog, Log};

use crate::command_error::CommandError;

/// Which log is read: the one on NATS, unless a directory is named.
#[derive(Debug, Args)]
pub(crate) struct LogDir {
    /// Read the embedded log in this directory, and not NATS
    #[arg(long, global = true, value_name = "DIR")]
    log_dir: Option<PathBuf>,
}

impl LogDir {
    /// Opens the log.
    pub(crate) async fn open(&self, connection: &Connection) -> Result<Log, CommandError> {
        let Some(directory) = &self.log_dir else {
            let client = connection.connect("headwater").await?;
            return Ok(Arc::new(JetStreamLog::new(client, JetStreamConfig::default())));
        };
        // sled would make a new one out of a typing error; `conf` is the file with which it begins.
        if !directory.join("conf").exists() {
            return Err(CommandError::NoLog { directory: directory.clone() });
        }
        Ok(Arc::new(EmbeddedLog::open(directory)?))
    }
}
