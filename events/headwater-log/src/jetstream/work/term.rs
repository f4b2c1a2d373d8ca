use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use headwater_event::EventFilter;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::super::broker::{Broker, created};
use super::super::records::Records;
use super::config::work_stream;
use super::lease::Lease;
use super::session::{NoSession, Place, Session};
use super::{Delivery, WorkConfig, WorkEnded, WorkError};
use crate::JetStreamLog;

/// How long to wait for a stream that no publisher has created yet, and before a lost session is replaced.
const PAUSE: Duration = Duration::from_millis(250);

/// Work on events under a name: of all instances that have it, one at a time is active.
pub struct Work {
    broker: Arc<Broker>,
    name: String,
    filter: EventFilter,
    config: WorkConfig,
    instance: String,
    records: Records,
}

impl JetStreamLog {
    /// Work on the events that `filter` wants, from the first event on, under a durable name.
    ///
    /// Where the work stands is kept by the broker, in a consumer of this name. When the events that are wanted change, it goes on
    /// where it is: what was stored before of an event that is new to it is not handed out.
    ///
    /// # Errors
    ///
    /// [`WorkError::Name`] when the name can't be a consumer's.
    pub fn work(&self, name: &str, filter: EventFilter, config: WorkConfig) -> Result<Work, WorkError> {
        let is_name = name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.len() <= 100
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if !is_name {
            return Err(WorkError::Name { name: name.to_owned() });
        }
        let broker = self.broker.clone();
        let records = Records::new(broker.clone(), work_stream(&broker.config));
        let instance = broker.client.new_inbox();
        Ok(Work { broker, name: name.to_owned(), filter, config, instance, records })
    }
}

impl Work {
    /// Waits until this instance is the active one, however long it takes.
    ///
    /// # Errors
    ///
    /// [`WorkError::Refused`] when the broker doesn't allow it.
    pub async fn take(&self) -> Result<Term, WorkError> {
        let refused = |source| WorkError::Refused { name: self.name.clone(), source };
        let created = self.stream_created().await;
        let Self { broker, name, filter, config, instance, records } = self;
        while let Err(error) = records.open(broker.deadline()).await {
            tracing::warn!(name, %error, "the stream {} can't be opened; trying again", records.stream());
            sleep(PAUSE).await;
        }
        let taken = Lease::take(records.clone(), name, instance, config.term, created).await;
        let (lease, held_until, floor) = taken.map_err(refused)?;
        tracing::info!(name, floor, "this instance is the active one");
        let tenure = Arc::new(Tenure::new(held_until, floor));
        let keeping = tokio::spawn(lease.keep(tenure.clone()));
        let (sender, deliveries) = mpsc::channel(usize::from(config.in_hand_max.max(1)));
        let place = Place {
            broker: broker.clone(),
            name: name.clone(),
            filter: filter.clone(),
            created,
            config: config.clone(),
        };
        let pump = Pump { place, tenure: tenure.clone(), sender };
        tokio::spawn(pump.run());
        let end = DropEnd(tenure.clone());
        Ok(Term { created, tenure, deliveries, keeping, _end: end })
    }

    async fn stream_created(&self) -> Timestamp {
        let (domain, mut said) = (self.filter.domain(), false);
        loop {
            let info = self.broker.stream_info(domain).await;
            let error = match info.and_then(|info| info.as_ref().map(created).transpose()) {
                Ok(Some(created)) => return created,
                Ok(None) => "there is none yet".into(),
                Err(error) => error,
            };
            if !std::mem::replace(&mut said, true) {
                tracing::info!(stream = domain.stream(), %error, "waiting for the stream");
            }
            sleep(PAUSE).await;
        }
    }
}

/// The time in which this instance is the active one. It hands out events in their order, each until it is acknowledged.
///
/// Dropped, it ends, and the others wait until its time is over; [`release`](Self::release) lets one of them begin at once.
pub struct Term {
    created: Timestamp,
    tenure: Arc<Tenure>,
    deliveries: mpsc::Receiver<Delivery>,
    keeping: JoinHandle<Lease>,
    _end: DropEnd,
}

impl Term {
    /// The next event. What was handed out in this term and not acknowledged may come once more: when the connection was lost,
    /// everything from the lowest such event on.
    ///
    /// # Errors
    ///
    /// [`WorkEnded`] when this instance is no longer the active one. What is in hand may be another one's work by now.
    pub async fn next(&mut self) -> Result<Delivery, WorkEnded> {
        tokio::select! {
            biased;
            () = self.tenure.ended() => Err(self.tenure.why()),
            delivery = self.deliveries.recv() => match delivery {
                Some(delivery) => Ok(delivery),
                None => {
                    self.tenure.ended().await;
                    Err(self.tenure.why())
                }
            },
        }
    }

    /// When the stream was created that is worked on.
    #[must_use]
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// Whether this instance is still the active one, for whoever has to know before he begins something.
    #[must_use]
    pub fn tenure(&self) -> Arc<Tenure> {
        self.tenure.clone()
    }

    /// Ends it on this side, so that whoever watches the [`tenure`](Self::tenure) stops; the others wait as they did.
    pub fn end(&self) {
        self.tenure.end(WorkEnded::Released);
    }

    /// Lets another instance begin at once. Everything that is in hand should be done, or it is done again.
    ///
    /// It ends on this side first: whether the others were told may not be known.
    pub async fn release(self) {
        self.end();
        if let Ok(lease) = self.keeping.await {
            lease.give_back(self.tenure.floor()).await;
        }
    }
}

/// Until when this instance is the active one.
#[derive(Debug)]
pub struct Tenure {
    held_until: watch::Sender<Instant>,
    end: CancellationToken,
    why: OnceLock<WorkEnded>,
    /// Up to which sequence everything is done.
    floor: AtomicU64,
}

impl Tenure {
    fn new(held_until: Instant, floor: u64) -> Self {
        Self {
            floor: AtomicU64::new(floor),
            held_until: watch::Sender::new(held_until),
            end: CancellationToken::new(),
            why: OnceLock::new(),
        }
    }

    /// Whether no other instance can be the active one now: also a process that was stopped for a while learns it here first.
    #[must_use]
    pub fn is_held(&self) -> bool {
        if Instant::now() >= self.held_until() {
            self.end(WorkEnded::Unconfirmed);
        }
        !self.end.is_cancelled()
    }

    /// Waits until this instance isn't the active one any more.
    pub async fn ended(&self) {
        self.end.cancelled().await;
    }

    /// Says up to which sequence everything is done, in case that the consumer is deleted.
    pub fn done_up_to(&self, sequence: u64) {
        self.floor.fetch_max(sequence, Ordering::Relaxed);
    }

    pub(super) fn floor(&self) -> u64 {
        self.floor.load(Ordering::Relaxed)
    }

    fn why(&self) -> WorkEnded {
        self.why.get().cloned().unwrap_or(WorkEnded::TakenOver)
    }

    pub(super) fn held_until(&self) -> Instant {
        *self.held_until.borrow()
    }

    pub(super) fn holds_until(&self, until: Instant) {
        self.held_until.send_replace(until);
    }

    pub(super) fn end(&self, why: WorkEnded) {
        // The first reason is the reason.
        self.why.set(why).ok();
        self.end.cancel();
    }
}

struct DropEnd(Arc<Tenure>);

impl Drop for DropEnd {
    fn drop(&mut self) {
        self.0.end.cancel();
    }
}

/// The task that takes events from the server, in one session after another.
struct Pump {
    place: Place,
    tenure: Arc<Tenure>,
    sender: mpsc::Sender<Delivery>,
}

impl Pump {
    async fn run(self) {
        tokio::select! {
            () = self.tenure.ended() => {}
            why = self.pump() => self.tenure.end(why),
        }
    }

    async fn pump(&self) -> WorkEnded {
        let mut said = false;
        loop {
            let error = match Session::begin(&self.place, self.tenure.floor()).await {
                Ok(mut session) => loop {
                    match session.next().await {
                        Ok(delivery) => {
                            said = false;
                            if self.sender.send(delivery).await.is_err() {
                                return WorkEnded::TakenOver;
                            }
                        }
                        Err(error) => break error,
                    }
                },
                Err(NoSession::Lost(error)) => error,
                Err(NoSession::Recreated) => return WorkEnded::Recreated,
                Err(NoSession::Unfit(problem)) => return WorkEnded::Unfit { problem },
            };
            if !std::mem::replace(&mut said, true) {
                tracing::warn!(name = self.place.name, %error, "the consumer is lost; going on with it again");
            }
            sleep(PAUSE).await;
        }
    }
}
