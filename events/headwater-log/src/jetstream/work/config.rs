use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};

use crate::JetStreamConfig;

/// How an instance works.
#[derive(Debug, Clone)]
pub struct WorkConfig {
    /// How many events may be in hand: handed out, and not acknowledged.
    pub in_hand_max: u16,
    /// How long the server waits for an acknowledgement, or a sign that the work goes on, before it hands an event out again.
    pub ack_wait: Duration,
    /// How long the others wait for a sign of life before one of them takes over.
    pub term: Duration,
}

impl Default for WorkConfig {
    /// 256 events in hand, 30 s for an acknowledgement, 5 s for a sign of life.
    fn default() -> Self {
        Self { in_hand_max: 256, ack_wait: Duration::from_secs(30), term: Duration::from_secs(5) }
    }
}

/// The stream of who works: the last record of each name counts.
pub(super) fn work_stream(config: &JetStreamConfig) -> Config {
    Config {
        name: "WORK".to_owned(),
        description: Some("which instance of each reactor is the active one".to_owned()),
        subjects: vec!["work.*".to_owned()],
        storage: StorageType::File,
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::Old,
        max_messages_per_subject: 1,
        num_replicas: config.replicas,
        ..Config::default()
    }
}
