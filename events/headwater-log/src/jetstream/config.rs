use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, PersistenceMode, RetentionPolicy, StorageType};
use headwater_event::Domain;

/// How the log uses the broker.
#[derive(Debug, Clone)]
pub struct JetStreamConfig {
    /// How many servers keep a copy of a stream that is created: 3 in production, 1 on a single server.
    pub replicas: usize,
    /// How long one attempt waits for its answer.
    pub answer_timeout: Duration,
    /// How long an operation is tried again before it fails.
    pub deadline: Duration,
    /// How long the broker itself recognises an event that is sent again.
    pub duplicate_window: Duration,
    /// When the servers flush what they store, which decides how appends are sent.
    pub flush: Flush,
    /// How many bytes of messages a follower lets the broker send ahead of what it has handed on, which bounds its memory:
    /// what the client keeps is some times as much, for many small messages. A message that is larger than half of it comes
    /// alone.
    pub read_ahead_bytes_max: usize,
}

/// When a server flushes what it stores to the disk: its `sync_interval`. A client can't ask for it, so whoever runs both
/// says it to both; a wrong answer costs speed and nothing else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "service", derive(clap::ValueEnum))]
pub enum Flush {
    /// Now and then, as servers do by default
    ///
    /// Each append is sent by itself, at once.
    #[default]
    Lazily,
    /// After each message or atomic batch: `sync_interval: always`
    ///
    /// The appends that wait while a batch is under way are sent as the next one, because a flush costs more than a
    /// message.
    Always,
}

impl Default for JetStreamConfig {
    /// One replica, 5 s for an attempt, 30 s for an operation, two minutes' duplicate window, lazy flushing, 8 MiB of messages
    /// ahead.
    fn default() -> Self {
        Self {
            replicas: 1,
            answer_timeout: Duration::from_secs(5),
            deadline: Duration::from_secs(30),
            duplicate_window: Duration::from_secs(120),
            flush: Flush::default(),
            read_ahead_bytes_max: 8 << 20,
        }
    }
}

impl JetStreamConfig {
    /// A stream that is a system of record: it loses nothing by age, number or size, and nobody can
    /// delete from it.
    pub(super) fn stream(&self, domain: &Domain) -> Config {
        Config {
            name: domain.stream(),
            description: Some(format!("all events of the domain {domain}")),
            subjects: vec![domain.subjects()],
            storage: StorageType::File,
            retention: RetentionPolicy::Limits,
            discard: DiscardPolicy::New,
            deny_delete: true,
            deny_purge: true,
            allow_direct: true,
            allow_atomic_publish: true,
            allow_batch_publish: true,
            duplicate_window: self.duplicate_window,
            num_replicas: self.replicas,
            ..Config::default()
        }
    }

    /// A stream beside it, of which only what came last under each name matters, and nothing that can't be had again.
    pub(super) fn notes(&self, domain: &Domain) -> Config {
        Config {
            name: domain.notes_stream(),
            description: Some(format!(
                "what was derived from the events of the domain {domain}; it may be purged at any time"
            )),
            subjects: vec![domain.note_subjects()],
            storage: StorageType::File,
            retention: RetentionPolicy::Limits,
            discard: DiscardPolicy::Old,
            max_messages_per_subject: 1,
            allow_direct: true,
            allow_atomic_publish: true,
            num_replicas: self.replicas,
            ..Config::default()
        }
    }
}

/// What would make a stream that is there lose, reorder or refuse events.
pub(super) fn problem(actual: &Config, wanted: &Config) -> Option<String> {
    let checks = [
        other_subjects(actual, wanted),
        (actual.storage != StorageType::File, "it is kept in memory only".to_owned()),
        (actual.retention != RetentionPolicy::Limits, "its retention deletes what was read".to_owned()),
        (!actual.max_age.is_zero(), "it deletes events by their age".to_owned()),
        (actual.discard != DiscardPolicy::New, "it discards old events when it is full".to_owned()),
        (actual.max_messages > 0 || actual.max_bytes > 0, "it refuses events when it is full".to_owned()),
        (actual.no_ack, "it acknowledges nothing".to_owned()),
        (actual.max_messages_per_subject > 0, "it keeps only some events of each subject".to_owned()),
        (!actual.deny_delete || !actual.deny_purge, "events can be deleted from it".to_owned()),
        (!actual.allow_atomic_publish, "it takes no atomic batches".to_owned()),
        (!actual.allow_direct, "it allows no direct reads".to_owned()),
        (
            actual.persist_mode == Some(PersistenceMode::Async),
            "it acknowledges events before they are written".to_owned(),
        ),
    ];
    first(checks)
}

/// What would make a stream that is there lose notes at once, or keep them from being read.
pub(super) fn notes_problem(actual: &Config, wanted: &Config) -> Option<String> {
    first([
        other_subjects(actual, wanted),
        (actual.storage != StorageType::File, "it is kept in memory only".to_owned()),
        (actual.retention != RetentionPolicy::Limits, "its retention deletes what was read".to_owned()),
        (actual.no_ack, "it acknowledges nothing".to_owned()),
        (!actual.allow_direct, "it allows no direct reads".to_owned()),
        // Notes rely on others; a stream may lose all of them, and not some.
        (!actual.max_age.is_zero(), "it deletes notes by their age".to_owned()),
        (actual.max_messages > 0 || actual.max_bytes > 0, "it deletes notes when it is full".to_owned()),
        (
            actual.persist_mode == Some(PersistenceMode::Async),
            "it acknowledges notes before they are written".to_owned(),
        ),
    ])
}

fn other_subjects(actual: &Config, wanted: &Config) -> (bool, String) {
    (
        actual.subjects != wanted.subjects,
        format!("its subjects are {:?} and not {:?}", actual.subjects, wanted.subjects),
    )
}

fn first<const N: usize>(checks: [(bool, String); N]) -> Option<String> {
    checks.into_iter().find_map(|(wrong, problem)| wrong.then_some(problem))
}
