//! The conformance suite, on the logs in memory and in a directory, and on JetStream: with one replica, with one that flushes always, and with
//! three.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

mod brokers;
mod cases;

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use headwater_event::Domain;
use headwater_log::conformance::{self, Subject};
use headwater_log::{EmbeddedLog, JetStreamLog, Log, MemoryLog};
use tempfile::TempDir;

use brokers::{Broker, ClusterBroker, FlushingBroker, ServerBroker};
use cases::Cases;

fn main() -> ExitCode {
    let mut cases = Cases::new();
    let subjects: [(&str, Arc<dyn Subject>); 5] = [
        ("memory", Arc::new(Memory::default())),
        ("embedded", Arc::new(Embedded::new())),
        ("jetstream", Arc::new(JetStream(ServerBroker::default()))),
        ("flushing", Arc::new(JetStream(FlushingBroker::default()))),
        ("replicated", Arc::new(JetStream(ClusterBroker::default()))),
    ];
    for (name, subject) in subjects {
        for case in conformance::cases() {
            let subject = subject.clone();
            cases.add(format!("{name}::{}", case.name()), move || async move { case.run(&subject).await });
        }
    }
    cases.run()
}

/// The log of this test: nobody else has it.
#[derive(Default)]
struct Memory(Arc<MemoryLog>);

#[async_trait]
impl Subject for Memory {
    async fn log(&self) -> Log {
        self.0.clone()
    }

    async fn log_without(&self, domain: &Domain) -> Log {
        self.0.lose_stream(domain);
        self.0.clone()
    }
}

/// The log of this process: nobody else can open it.
struct Embedded {
    log: Log,
    directories: Mutex<Vec<TempDir>>,
}

impl Embedded {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let log = Arc::new(EmbeddedLog::open(directory.path()).unwrap());
        Self { log, directories: Mutex::new(vec![directory]) }
    }
}

#[async_trait]
impl Subject for Embedded {
    async fn log(&self) -> Log {
        self.log.clone()
    }

    /// Another log, as after somebody removed the directory.
    async fn log_without(&self, _: &Domain) -> Log {
        let directory = tempfile::tempdir().unwrap();
        let log = Arc::new(EmbeddedLog::open(directory.path()).unwrap());
        self.directories.lock().unwrap().push(directory);
        log
    }
}

struct JetStream<B>(B);

#[async_trait]
impl<B: Broker> Subject for JetStream<B> {
    async fn log(&self) -> Log {
        let client = async_nats::connect(self.0.urls().await).await.unwrap();
        Arc::new(JetStreamLog::new(client, self.0.config()))
    }

    async fn log_without(&self, domain: &Domain) -> Log {
        let client = async_nats::connect(self.0.urls().await).await.unwrap();
        async_nats::jetstream::new(client).delete_stream(domain.stream()).await.unwrap();
        self.log().await
    }
}
