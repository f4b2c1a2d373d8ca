//! Who is the active instance: a record that it renews, and that others overwrite when it has been silent for long enough.
//!
//! No clocks are compared across machines. The holder believes in its lease for three quarters of the term, from before it sent
//! the last renewal; a taker waits for the whole term, from after it has seen that renewal. The server compares each write with
//! the record's sequence, so of two takers one wins, and who was overtaken learns it with the next renewal.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::super::records::{Failure, Records, Unstored};
use super::WorkEnded;
use super::term::Tenure;
use crate::retry::Backoff;

/// How often the others look whether the active instance is alive.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How often a lease is renewed within its term.
const RENEWALS: u32 = 5;

/// A lease that is held.
pub(super) struct Lease {
    records: Records,
    subject: String,
    record: Record,
    /// Where the record is.
    sequence: u64,
    term: Duration,
}

/// What is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    /// A name that no other instance has.
    instance: String,
    /// Rises with each renewal, so that each is another record.
    renewal: u64,
    /// How long to wait for the next one, in milliseconds.
    term_ms: u64,
    /// Whether it was given back.
    released: bool,
    /// When the stream was created that is worked on.
    created: Timestamp,
    /// Up to which of its sequences everything is done.
    floor: u64,
}

impl Record {
    fn id(&self) -> String {
        format!("{}-{}", self.instance, self.renewal)
    }
}

impl Lease {
    /// Waits until there is no other instance, and takes the lease. Returns also until when it is held, and up to which sequence
    /// of this stream everything is done.
    pub(super) async fn take(
        records: Records,
        name: &str,
        instance: &str,
        term: Duration,
        created: Timestamp,
    ) -> Result<(Self, Instant, u64), Failure> {
        let subject = format!("work.{name}");
        let mut waiting = Waiting { seen: None, since: Instant::now() };
        let mut renewal = 0;
        let mut said = false;
        loop {
            let found = records.last(&subject).await;
            let (expected, before) = match found {
                Ok(None) => (Some(0), None),
                Ok(Some(message)) => {
                    let found = serde_json::from_slice::<Record>(&message.payload).ok();
                    let is_free =
                        found.as_ref().is_some_and(|found| found.released || found.instance == instance);
                    let others_term = found.as_ref().map_or(0, |found| found.term_ms);
                    let silent = waiting.silent(message.sequence);
                    let free = is_free || silent >= term.max(Duration::from_millis(others_term));
                    (free.then_some(message.sequence), found)
                }
                Err(error) => {
                    tracing::debug!(name, %error, "asking again who the active instance is");
                    (None, None)
                }
            };
            if let Some(expected) = expected {
                let floor =
                    before.filter(|before| before.created == created).map_or(0, |before| before.floor);
                renewal += 1;
                let record = Record {
                    instance: instance.to_owned(),
                    // An earlier attempt of this process may have been stored.
                    renewal: Timestamp::now().as_microsecond().unsigned_abs() + renewal,
                    term_ms: u64::try_from(term.as_millis()).unwrap_or(u64::MAX),
                    released: false,
                    created,
                    floor,
                };
                let sent = Instant::now();
                match store(&records, &subject, expected, &record, sent + believed(term)).await {
                    Ok(sequence) if Instant::now() < sent + believed(term) => {
                        let lease = Self { records, subject, record, sequence, term };
                        return Ok((lease, sent + believed(term), floor));
                    }
                    Ok(_) | Err(Unstored::Conflict) => {}
                    Err(Unstored::Unavailable(error)) => {
                        tracing::debug!(name, %error, "trying again to become the active instance");
                    }
                    Err(Unstored::Refused(error)) => return Err(error),
                }
            } else if !std::mem::replace(&mut said, true) {
                tracing::info!(name, "standing by: another instance is active, or nobody can tell");
            }
            sleep(LOOK_EVERY.min(term / RENEWALS)).await;
        }
    }

    /// Renews the lease until `tenure` ends, and returns it: it may still be this instance's to give back.
    pub(super) async fn keep(mut self, tenure: Arc<Tenure>) -> Self {
        let mut next = Instant::now() + self.term / RENEWALS;
        loop {
            let until = tenure.held_until();
            tokio::select! {
                biased;
                () = tenure.ended() => return self,
                () = sleep_until(until) => {
                    tenure.end(WorkEnded::Unconfirmed);
                    return self;
                }
                () = sleep_until(next) => {}
            }
            let sent = Instant::now();
            next = sent + self.term / RENEWALS;
            let renewed = tokio::select! {
                biased;
                () = tenure.ended() => return self,
                renewed = self.renew(tenure.floor(), until) => renewed,
                () = sleep_until(until) => {
                    tenure.end(WorkEnded::Unconfirmed);
                    return self;
                }
            };
            match renewed {
                Ok(true) => tenure.holds_until(sent + believed(self.term)),
                // Nobody has answered; there may be time for another attempt.
                Ok(false) => next = next.min(Instant::now() + LOOK_EVERY.min(self.term / RENEWALS)),
                Err(ended) => {
                    tenure.end(ended);
                    return self;
                }
            }
        }
    }

    /// Lets another instance begin at once, unless one has begun already. Without it, the others wait for the term to end, and so
    /// nobody waits for longer.
    pub(super) async fn give_back(mut self, floor: u64) {
        self.record.released = true;
        let until = Instant::now() + self.term;
        let mut backoff = Backoff::until(until);
        loop {
            match timeout_at(until, self.renew(floor, until)).await {
                Ok(Ok(true)) => return,
                // Also when a renewal was on its way, of which nobody knows whether it was stored.
                Ok(Ok(false)) if backoff.wait().await => {}
                _ => break,
            }
        }
        tracing::debug!(subject = self.subject, "the lease wasn't given back");
    }

    /// Renews once. Says whether it is known to be renewed.
    async fn renew(&mut self, floor: u64, until: Instant) -> Result<bool, WorkEnded> {
        let before = self.record.id();
        self.record.renewal += 1;
        self.record.floor = self.record.floor.max(floor);
        match store(&self.records, &self.subject, self.sequence, &self.record, until).await {
            Ok(sequence) => {
                self.sequence = sequence;
                Ok(true)
            }
            Err(Unstored::Conflict) => match self.records.last(&self.subject).await {
                // An earlier renewal was stored, and its answer lost.
                Ok(Some(last))
                    if super::super::records::has_id(&last, &before) || self.is_ours(&last.payload) =>
                {
                    self.sequence = last.sequence;
                    Ok(false)
                }
                Ok(_) => Err(WorkEnded::TakenOver),
                Err(_) => Ok(false),
            },
            Err(Unstored::Unavailable(error) | Unstored::Refused(error)) => {
                tracing::debug!(subject = self.subject, %error, "the lease isn't renewed yet");
                Ok(false)
            }
        }
    }

    fn is_ours(&self, payload: &[u8]) -> bool {
        serde_json::from_slice::<Record>(payload).is_ok_and(|found| found.instance == self.record.instance)
    }
}

/// How long the holder believes in a lease, from before it was sent.
fn believed(term: Duration) -> Duration {
    term * 3 / 4
}

/// What somebody who waits has seen of the holder.
struct Waiting {
    seen: Option<u64>,
    /// Since when it has been the last record.
    since: Instant,
}

impl Waiting {
    /// For how long the holder has been silent, as far as this instance can tell.
    fn silent(&mut self, sequence: u64) -> Duration {
        if self.seen.replace(sequence) != Some(sequence) {
            self.since = Instant::now();
        }
        self.since.elapsed()
    }
}

async fn store(
    records: &Records,
    subject: &str,
    expected: u64,
    record: &Record,
    until: Instant,
) -> Result<u64, Unstored> {
    let payload = serde_json::to_vec(record).map_err(|error| Unstored::Refused(error.into()))?;
    records.store_after(expected, subject, &record.id(), payload.into(), until).await
}
