//! What a projector promises, on both logs: each event takes effect once, in order, together with the
//! position after it; and what can't be applied halts it in front.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

#[path = "../common/mod.rs"]
mod common;

mod builds;
mod following;
mod halting;
mod opening;
mod partitions;
mod resuming;
mod several_streams;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use headwater_log::service::Connection;
use headwater_log::testkit::Server;
use headwater_log::{EmbeddedLog, JetStreamConfig, JetStreamLog, Log};
use tempfile::TempDir;

/// A log, and a directory for projections of it.
struct Place {
    log: Log,
    directory: TempDir,
    server: Option<Server>,
}

impl Place {
    fn embedded() -> Self {
        let directory = TempDir::new().unwrap();
        let log = Arc::new(EmbeddedLog::open(directory.path().join("log")).unwrap());
        Self { log, directory, server: None }
    }

    async fn jetstream() -> Self {
        let server = Server::start().await.unwrap();
        let client = Connection::to(&server.url()).unwrap().connect("projector").await.unwrap();
        let log = Arc::new(JetStreamLog::new(client, JetStreamConfig::default()));
        Self { log, directory: TempDir::new().unwrap(), server: Some(server) }
    }

    /// Sends a request around the library: nobody but a test, or an operator, does that.
    async fn request(&self, subject: &'static str, payload: &'static str) {
        let url = self.server.as_ref().unwrap().url();
        let client = Connection::to(&url).unwrap().connect("raw").await.unwrap();
        client.request(subject, payload.into()).await.unwrap();
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("projections")
    }
}

/// Waits until the condition holds.
async fn eventually(condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("it comes to be");
}

/// Makes of each function two tests.
macro_rules! on_both_logs {
    ($($name:ident),* $(,)?) => {
        mod embedded {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(crate::Place::embedded()).await;
            })*
        }
        mod jetstream {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(crate::Place::jetstream().await).await;
            })*
        }
    };
}
use on_both_logs;
