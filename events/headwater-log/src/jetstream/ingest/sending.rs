use std::collections::VecDeque;

use async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;
use headwater_event::Aggregate;

use super::batch::{Broken, FastBatch};
use super::bulk_load::{Doubt, Unsettled, position};
use super::failure::Hopeless;
use super::{BulkLoad, BulkLoadError};
use crate::jetstream::append::{EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT, Outgoing};
use crate::jetstream::message::attributes;

/// How many events a batch has at most. They are kept until it has ended, to be sent again if it must be.
const BATCH_EVENTS_MAX: usize = 16_384;

/// How many bytes of data they have at most, but for the last event.
const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How far a call must come.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Goal {
    /// The server has been sent everything, and has room for more.
    Sent,
    /// Everything is stored.
    Settled,
}

impl BulkLoad {
    /// Comes to the goal, whatever batches break on the way.
    pub(super) async fn drive(&mut self, goal: Goal) -> Result<(), BulkLoadError> {
        let mut backoff = self.backoff();
        loop {
            let Err(broken) = self.attempt(goal).await else { return Ok(()) };
            let settled = self.settled();
            let failure = match self.recover(broken).await {
                Ok(failure) => failure,
                Err(why) => return Err(self.failed(why)),
            };
            tracing::debug!(domain = %self.stream.domain, error = %failure, "a batch of a bulk load broke");
            if self.settled() > settled {
                backoff = self.backoff();
            } else if !backoff.wait().await {
                return Err(self.failed(Hopeless::Stuck(failure)));
            }
        }
    }

    async fn attempt(&mut self, goal: Goal) -> Result<(), Broken> {
        loop {
            let full = self.unsettled.len() >= BATCH_EVENTS_MAX || self.bytes >= BATCH_BYTES_MAX;
            let sent = self.batch.as_ref().map_or(0, FastBatch::sent);
            match self.unsettled.get(position(sent)) {
                None if self.unsettled.is_empty() => return Ok(()),
                None if goal == Goal::Sent && !full => return Ok(()),
                Some(event) if !self.must_settle_before(&event.aggregate) => self.send_next(sent).await?,
                _ => self.settle().await?,
            }
        }
    }

    /// Whether the aggregate's last event is on its way to replicas: the server refuses what expects it (error
    /// 10164), and says that it is stored only at the end, or some hundred messages later.
    fn must_settle_before(&self, aggregate: &Aggregate) -> bool {
        let acknowledged = self.batch.as_ref().map_or(0, FastBatch::acknowledged);
        self.stream.replicated
            && self.versions.number_in_batch(aggregate).is_some_and(|number| number > acknowledged)
    }

    async fn send_next(&mut self, sent: u64) -> Result<(), Broken> {
        let batch = match &mut self.batch {
            Some(batch) => batch,
            batch => batch.insert(FastBatch::begin(&self.broker).await?),
        };
        let unsettled = &self.unsettled;
        let Some(Unsettled { aggregate, expected, event }) = unsettled.get(position(sent)) else {
            return Ok(());
        };
        let expected = self.versions.get(aggregate, self.base).unwrap_or(*expected);
        let mut headers = attributes(event);
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, expected.to_string());
        headers.insert(EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT, aggregate.filter());
        let payload = event.envelope.data_bytes().cloned().unwrap_or_default();
        self.versions.sent(aggregate.clone(), sent + 1);
        let message = Outgoing { subject: event.subject.clone(), headers, payload };
        batch.send(message, |subject| is_of_any(unsettled, subject)).await
    }

    /// Ends the batch, so that all of its events are stored and their sequences are known.
    async fn settle(&mut self) -> Result<(), Broken> {
        let Some(batch) = &mut self.batch else { return Ok(()) };
        let unsettled = &self.unsettled;
        let last = batch.end(|subject| is_of_any(unsettled, subject)).await?;
        let alone = last == self.base + batch.sent();
        if !alone {
            // Other writers' events lie among these.
            return Ok(self.find_again().await?);
        }
        for sequence in self.base + 1..=last {
            self.settle_first(sequence);
            self.loaded.stored += 1;
        }
        self.base = last;
        self.end_batch();
        self.doubt = Doubt::default();
        Ok(())
    }

    pub(super) fn end_batch(&mut self) {
        self.batch = None;
        self.versions.end_batch();
    }

    /// The first unsettled event is stored.
    pub(super) fn settle_first(&mut self, sequence: u64) {
        let Some(Unsettled { aggregate, event, .. }) = self.unsettled.pop_front() else { return };
        self.bytes -= event.envelope.data().len();
        self.versions.settle(aggregate, sequence);
        self.loaded.last = self.loaded.last.max(sequence);
        self.doubt.acknowledged = self.doubt.acknowledged.saturating_sub(1);
        self.doubt.sent = self.doubt.sent.saturating_sub(1);
    }

    /// How many of the load's events are known to be stored.
    pub(super) fn settled(&self) -> u64 {
        self.loaded.stored + self.loaded.duplicates
    }

    /// The version that the event's guard names.
    pub(super) fn expects(&self, event: &Unsettled) -> u64 {
        self.versions.get(&event.aggregate, self.base).unwrap_or(event.expected)
    }
}

fn is_of_any(events: &VecDeque<Unsettled>, subject: &str) -> bool {
    events.iter().any(|unsettled| unsettled.event.subject == subject)
}
