//! The test says what time it is, and no other clock matters.

use std::sync::Arc;

use async_trait::async_trait;
use headwater_event::Domain;
use headwater_log::conformance::{self, Subject};
use headwater_log::{EventLog as _, Log, MemoryLog};

use crate::bed::{append, at, order, orders};

#[tokio::test]
async fn events_are_stored_when_the_test_says() {
    let log = MemoryLog::at(at("2026-01-01T00:00:00Z"));
    assert_eq!(log.open(&orders()).await.unwrap().created, at("2026-01-01T00:00:00Z"));
    log.append(append(&order("7"), 0, "c1")).await.unwrap();
    log.set_time(at("2026-01-02T00:00:00Z"));
    log.append(append(&order("7"), 1, "c2")).await.unwrap();
    let stored_at: Vec<_> = log.stored(&orders()).iter().map(|event| event.stored_at).collect();
    assert_eq!(stored_at, [at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z")]);
}

struct Subjected(Arc<MemoryLog>);

#[async_trait]
impl Subject for Subjected {
    async fn log(&self) -> Log {
        self.0.clone()
    }

    async fn log_without(&self, domain: &Domain) -> Log {
        self.0.lose_stream(domain);
        self.0.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn the_log_keeps_its_promises_on_one_thread_and_while_the_runtime_s_time_stands_still() {
    let subject: Arc<dyn Subject> = Arc::new(Subjected(Arc::new(MemoryLog::new())));
    for case in conformance::cases() {
        println!("{}", case.name());
        case.run(&subject).await;
    }
}
