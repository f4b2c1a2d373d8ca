use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use headwater_event::Envelope;
use headwater_log::{Delivery, EventLog as _, Letter, ParkedLetter, ReadError, Reason, StoredEvent, WorkKey};
use jiff::Timestamp;

use super::attempt::{Failed, Settled};
use super::error_texts::{bounded, chain};
use super::record::Entry;
use super::shift::Shift;
use crate::Reactor;

/// Something to do for a key.
pub(super) enum Job {
    Event(Arc<Delivery>),
    /// Attempt what is parked once more.
    Redrive(Arc<Asked>),
    /// Drop a letter.
    Discard {
        sequence: u64,
        why: String,
        by: String,
        asked: Arc<Asked>,
    },
}

/// What an operator has asked for, which is removed when all lanes have done their part.
pub(super) struct Asked {
    pub(super) place: u64,
    pub(super) parts: AtomicUsize,
}

impl<R: Reactor> Shift<R> {
    /// Queues what there is to do for a key.
    pub(super) fn queue(self: &Arc<Self>, key: WorkKey, job: Job) {
        let is_first = self.lanes().queue(&key, job);
        if is_first {
            self.spawn(Self::work_off(Arc::clone(self), key));
        }
    }

    async fn work_off(self: Arc<Self>, key: WorkKey) {
        while let Some(job) = self.next_job(&key) {
            tokio::select! {
                biased;
                () = self.tenure.ended() => return,
                done = self.job(&key, job) => if done.is_none() { return },
            }
        }
    }

    fn next_job(&self, key: &WorkKey) -> Option<Job> {
        self.lanes().next_job(key)
    }

    /// Does it; none when this instance must not go on.
    async fn job(&self, key: &WorkKey, job: Job) -> Option<()> {
        match job {
            Job::Event(delivery) => self.event(key, &delivery).await,
            Job::Redrive(asked) => {
                self.redrive(key).await?;
                self.answered(&asked).await
            }
            Job::Discard { sequence, why, by, asked } => {
                self.discard(key, sequence, &why, &by).await?;
                self.answered(&asked).await
            }
        }
    }

    async fn event(&self, key: &WorkKey, delivery: &Delivery) -> Option<()> {
        let sequence = delivery.sequence;
        let stored = delivery.event.as_ref().ok();
        let other = stored.and_then(|stored| {
            self.lane(key, |lane| {
                let parked = lane.letter(sequence)?;
                (!parked.letter.is_of(&stored.envelope)).then(|| parked.clone())
            })
        });
        if let Some(other) = other {
            // What it points to is gone, for example because the stream was restored from a backup.
            self.drop_letter(key, &other, "its sequence holds another event now", R::NAME).await?;
        }
        let behind = self.lane(key, |lane| {
            let first = lane.first_letter()?.letter.sequence;
            Some(lane.letter(sequence).is_none().then_some(first))
        });
        match behind {
            // It was parked before it was acknowledged.
            Some(None) => {}
            Some(Some(behind)) => {
                let failed = Failed { reason: Reason::Waits { behind }, errors: Vec::new(), attempts: 0 };
                self.park(key, sequence, stored.map(|stored| &stored.envelope), failed).await?;
            }
            None => {
                let settled = match &delivery.event {
                    Ok(event) => self.attempts(key, event).await,
                    Err(error) => Settled::Park(undecodable(error)),
                };
                match settled {
                    Settled::Done => self.status.handled(),
                    Settled::Park(failed) => {
                        self.park(key, sequence, stored.map(|stored| &stored.envelope), failed).await?;
                    }
                    Settled::Abandoned => return None,
                }
            }
        }
        // Before the key's next event: so a crash has no more than the last effect of a key repeated.
        self.write_down_durably(Entry::Event(sequence, stored.map(|stored| stored.envelope.fingerprint())))
            .await
    }

    /// Attempts what is parked, in the order of the events, until nothing is or something fails again.
    async fn redrive(&self, key: &WorkKey) -> Option<()> {
        while let Some(parked) = self.lane(key, |lane| lane.first_letter().cloned()) {
            let sequence = parked.letter.sequence;
            if sequence == 0 {
                let place = parked.place;
                tracing::warn!(name = R::NAME, %key, place, "what this letter is about can't be read: discard it, or run the version that has written it");
                return Some(());
            }
            if !self.record.is_letter_done(sequence) {
                let (event, settled) = match self.parked_event(&parked.letter).await? {
                    Ok(event) => {
                        let settled = self.attempts(key, &event).await;
                        (Some(event.envelope), settled)
                    }
                    Err(failed) => (None, Settled::Park(failed)),
                };
                match settled {
                    Settled::Done => {
                        self.write_down_durably(Entry::Letter(sequence)).await?;
                        self.status.handled();
                        self.status.redriven();
                    }
                    Settled::Park(mut failed) => {
                        failed.attempts += parked.letter.attempts;
                        self.park_again(key, &parked, event.as_ref(), failed).await?;
                        return Some(());
                    }
                    Settled::Abandoned => return None,
                }
            }
            self.until_done(|| self.letters.remove(parked.place)).await?;
            self.change_letters(|lanes| lanes.forget(key, sequence));
            self.write_down(Entry::Removed(sequence));
            tracing::info!(name = R::NAME, %key, sequence, "a parked event's effect is done");
        }
        Some(())
    }

    async fn discard(&self, key: &WorkKey, sequence: u64, why: &str, by: &str) -> Option<()> {
        let Some(parked) = self.lane(key, |lane| lane.letter(sequence).cloned()) else {
            return Some(());
        };
        self.drop_letter(key, &parked, why, by).await
    }

    async fn drop_letter(&self, key: &WorkKey, parked: &ParkedLetter, why: &str, by: &str) -> Option<()> {
        let sequence = parked.letter.sequence;
        self.until_done(|| self.letters.discard(parked, why, by)).await?;
        self.change_letters(|lanes| lanes.forget(key, sequence));
        self.status.dropped_letter();
        tracing::warn!(name = R::NAME, %key, sequence, why, by, "a parked event is discarded");
        Some(())
    }

    /// A lane has done its part.
    pub(super) async fn answered(&self, asked: &Asked) -> Option<()> {
        if asked.parts.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.until_done(|| self.letters.remove(asked.place)).await?;
        }
        Some(())
    }

    /// Writes a letter, which is durable when this returns.
    async fn park(
        &self,
        key: &WorkKey,
        sequence: u64,
        envelope: Option<&Envelope>,
        failed: Failed,
    ) -> Option<()> {
        let Failed { reason, errors, attempts } = failed;
        if !matches!(reason, Reason::Waits { .. }) {
            let error = errors.join(": ");
            tracing::error!(name = R::NAME, %key, sequence, attempts, %reason, error, "parked");
        }
        let letter = Letter {
            reactor: R::NAME.to_owned(),
            handler_version: R::VERSION,
            key: key.to_string(),
            domain: self.domain.to_string(),
            sequence,
            event: envelope.map(|envelope| envelope.id().to_owned()),
            source: envelope.map(|envelope| envelope.source().to_owned()),
            event_type: envelope.map(|envelope| envelope.type_name().to_owned()),
            reason,
            errors,
            attempts,
            parked_at: Timestamp::now(),
        };
        self.write_letter(key, letter).await
    }

    /// Replaces a letter by one that says what went wrong this time.
    async fn park_again(
        &self,
        key: &WorkKey,
        parked: &ParkedLetter,
        event: Option<&Envelope>,
        failed: Failed,
    ) -> Option<()> {
        let Failed { reason, errors, attempts } = failed;
        let error = errors.join(": ");
        let sequence = parked.letter.sequence;
        tracing::error!(name = R::NAME, %key, sequence, attempts, %reason, error, "parked again");
        let letter = Letter {
            handler_version: R::VERSION,
            reason,
            errors,
            attempts,
            parked_at: Timestamp::now(),
            ..parked.letter.clone()
        };
        // What couldn't be read may be readable by now.
        let letter = match event {
            Some(event) => Letter {
                event: Some(event.id().to_owned()),
                source: Some(event.source().to_owned()),
                event_type: Some(event.type_name().to_owned()),
                ..letter
            },
            None => letter,
        };
        self.write_letter(key, letter).await?;
        self.until_done(|| self.letters.remove(parked.place)).await
    }

    async fn write_letter(&self, key: &WorkKey, letter: Letter) -> Option<()> {
        // One parking of one event: an instance that parks it later writes another letter.
        let parking = format!("{} {} {}", letter.attempts, letter.parked_at, letter.handler_version);
        let parked = self.until_done(|| self.letters.park(&letter, &parking)).await?;
        self.change_letters(|lanes| lanes.park(key, parked));
        self.status.wrote_letter();
        Some(())
    }

    /// The event that a letter points to, or why it can't be had; none when this instance must not go on.
    async fn parked_event(&self, letter: &Letter) -> Option<Result<StoredEvent, Failed>> {
        let gone = |error: String| {
            Some(Err(Failed { reason: Reason::Undecodable, errors: vec![bounded(error)], attempts: 1 }))
        };
        let Some(domain) = letter.event_domain() else {
            return gone(format!("{:?} is no domain", letter.domain));
        };
        let read = self
            .until_done(|| async {
                match self.log.read(&domain, letter.sequence, 1).await {
                    Err(error) if error.is_unavailable() => Err(error),
                    read => Ok(read),
                }
            })
            .await?;
        match read.map(|mut events| events.pop()) {
            Ok(Some(event)) if event.sequence == letter.sequence && letter.is_of(&event.envelope) => {
                Some(Ok(event))
            }
            Ok(_) => gone(format!("sequence {} holds another event, or none", letter.sequence)),
            Err(error) => Some(Err(undecodable(&error))),
        }
    }
}

fn undecodable(error: &ReadError) -> Failed {
    Failed { reason: Reason::Undecodable, errors: chain(error), attempts: 1 }
}
