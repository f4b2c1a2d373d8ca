use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};

/// How a bucket is kept, and used.
#[derive(Debug, Clone)]
pub struct BucketConfig {
    /// Its name: letters, digits, `-` and `_`.
    pub name: String,
    /// How many servers keep a copy of it, if it has to be made: 3 in production, 1 on a single server.
    pub replicas: usize,
    /// How large it may become if it has to be made, in bytes. A full one refuses objects, and none of its objects is lost by it.
    pub bytes_max: Option<u64>,
    /// How long one attempt waits for its answer.
    pub answer_timeout: Duration,
    /// How long nothing may move on before an operation fails.
    pub patience: Duration,
    /// After what time without progress an upload counts as abandoned, and is removed by whoever puts something next. It must be
    /// longer than the patience of all who use the bucket.
    pub abandoned_after: Duration,
}

impl BucketConfig {
    /// A bucket of this name: one replica, no limit, 5 s for an attempt, 30 s without progress, an hour for abandoned uploads.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            replicas: 1,
            bytes_max: None,
            answer_timeout: Duration::from_secs(5),
            patience: Duration::from_secs(30),
            abandoned_after: Duration::from_secs(3600),
        }
    }

    /// An object store as every client of NATS makes one (NATS ADR-20), in which nothing ends by its age.
    pub(super) fn stream(&self) -> Config {
        let name = &self.name;
        Config {
            name: format!("OBJ_{name}"),
            subjects: vec![format!("$O.{name}.C.>"), format!("$O.{name}.M.>")],
            storage: StorageType::File,
            retention: RetentionPolicy::Limits,
            discard: DiscardPolicy::New,
            max_bytes: self.bytes_max.map_or(-1, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
            allow_rollup: true,
            allow_direct: true,
            num_replicas: self.replicas,
            ..Config::default()
        }
    }

    pub(super) fn chunks(&self, id: &str) -> String {
        format!("$O.{}.C.{id}", self.name)
    }

    pub(super) fn infos(&self) -> String {
        format!("$O.{}.M.>", self.name)
    }
}

/// What would make a bucket that is there lose objects, or not take them.
pub(super) fn problem(actual: &Config, wanted: &Config) -> Option<String> {
    if actual.subjects != wanted.subjects {
        return Some(format!("its subjects are {:?} and not {:?}", actual.subjects, wanted.subjects));
    }
    let checks = [
        (!actual.max_age.is_zero(), "it forgets objects by their age"),
        (actual.max_messages > 0, "it limits the number of chunks"),
        (actual.max_messages_per_subject > 0, "it keeps only some chunks of each object"),
        (actual.discard != DiscardPolicy::New, "it discards old chunks when it is full"),
        (!actual.allow_rollup || actual.deny_purge, "an object in it can't be replaced"),
        (!actual.allow_direct, "it allows no direct reads"),
        (actual.mirror.is_some() || actual.sealed || actual.no_ack, "it takes nothing, or doesn't say so"),
    ];
    checks.into_iter().find_map(|(wrong, problem)| wrong.then(|| problem.to_owned()))
}
