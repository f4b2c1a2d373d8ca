use std::ops::RangeInclusive;
use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};

/// How leases are kept.
#[derive(Debug, Clone)]
pub struct LeaseConfig {
    /// How many servers keep a copy of the bucket, if it has to be made: 3 in production, 1 on a single server.
    pub replicas: usize,
    /// How long a member may be silent before others take its leases, within [`TIMES`](Self::TIMES). The member itself stops believing
    /// in them after three quarters of it, so a write may take the last quarter.
    ///
    /// A cluster that loses the bucket's leader elects another within some nine seconds. With a shorter time, all leases are lost in
    /// an election, and taken again after it.
    pub time: Duration,
}

impl LeaseConfig {
    /// From 300 ms to ten minutes. Shorter leases would be lost by a busy machine all the time; longer ones help nobody.
    pub const TIMES: RangeInclusive<Duration> = Duration::from_millis(300)..=Duration::from_secs(600);
}

impl Default for LeaseConfig {
    /// One replica, and three seconds.
    fn default() -> Self {
        Self { replicas: 1, time: Duration::from_secs(3) }
    }
}

/// A time within the limits.
pub(super) fn limited(time: Duration) -> Duration {
    time.clamp(*LeaseConfig::TIMES.start(), *LeaseConfig::TIMES.end())
}

/// The key-value bucket `LEASES`: `nats kv watch LEASES` shows who has what.
pub(super) const STREAM: &str = "KV_LEASES";
pub(super) const SUBJECTS: &str = "$KV.LEASES.";

impl LeaseConfig {
    /// How long a member believes in its leases, after it began to renew them.
    pub(super) fn believed(&self) -> Duration {
        self.time * 3 / 4
    }

    /// How long after that others wait.
    pub(super) fn margin(&self) -> Duration {
        self.time / 4
    }

    /// How often a member renews: four times at least before it stops believing.
    pub(super) fn beat_every(&self) -> Duration {
        self.time / 6
    }

    /// How often a member looks at the others.
    pub(super) fn look_every(&self) -> Duration {
        self.time / 5
    }

    /// How long one attempt waits for its answer.
    pub(super) fn answer_max(&self) -> Duration {
        self.time / 4
    }

    /// A bucket as every client of NATS makes one (NATS ADR-8), in which nothing ends by its age but what says so.
    pub(super) fn stream(&self) -> Config {
        Config {
            name: STREAM.to_owned(),
            description: Some("who does what: the members of groups, and their leases".to_owned()),
            subjects: vec![format!("{SUBJECTS}>")],
            storage: StorageType::File,
            retention: RetentionPolicy::Limits,
            discard: DiscardPolicy::New,
            max_messages_per_subject: 1,
            deny_delete: true,
            allow_rollup: true,
            allow_direct: true,
            allow_message_ttl: true,
            num_replicas: self.replicas,
            ..Config::default()
        }
    }
}

/// What would make a bucket that is there forget leases, or keep its members for ever.
pub(super) fn problem(actual: &Config) -> Option<String> {
    let subjects = format!("{SUBJECTS}>");
    if actual.subjects != [subjects.as_str()] {
        return Some(format!("its subjects are {:?} and not {subjects}", actual.subjects));
    }
    let checks = [
        (!actual.max_age.is_zero(), "it forgets leases by their age"),
        (actual.max_messages > 0 || actual.max_bytes > 0, "it takes nothing when it is full"),
        (actual.max_messages_per_subject != 1, "it keeps more than the last record of each key"),
        (!actual.allow_message_ttl, "it keeps who has left for ever (allow_msg_ttl is off)"),
        (!actual.allow_direct, "it allows no direct reads"),
        (actual.mirror.is_some() || actual.sealed || actual.no_ack, "it takes nothing, or doesn't say so"),
    ];
    checks.into_iter().find_map(|(wrong, problem)| wrong.then(|| problem.to_owned()))
}
