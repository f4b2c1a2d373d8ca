use std::collections::BTreeMap;
use std::fmt::Display;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use headwater_event::{Domain, EventFilter};
use headwater_log::{
    DeadLetters, Delivery, EventLog as _, JetStreamLog, ReadError, Tenure, Term, WorkEnded, WorkKey,
};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::acknowledging::Acknowledging;
use super::breaker::Breaker;
use super::lane::Job;
use super::lanes::{Lane, Lanes};
use super::options::ReactorOptions;
use super::reactor_error::ReactorError;
use super::record::{Entry, Record};
use super::recorder::{Recorder, ToWrite};
use super::status::ReactorStatus;
use crate::Reactor;

/// What one instance does while it is the active one.
pub(super) struct Shift<R> {
    pub(super) reactor: Arc<R>,
    pub(super) options: ReactorOptions,
    pub(super) status: ReactorStatus,
    pub(super) log: Arc<JetStreamLog>,
    pub(super) letters: DeadLetters,
    pub(super) domain: Domain,
    pub(super) record: Arc<Record>,
    pub(super) breaker: Breaker,
    /// Room for attempts under way.
    pub(super) room: Semaphore,
    pub(super) tenure: Arc<Tenure>,
    pub(super) stop: CancellationToken,
    acknowledging: Arc<Acknowledging>,
    in_hand: Arc<InHand>,
    lanes: Mutex<Lanes>,
    to_write: Mutex<Option<mpsc::UnboundedSender<ToWrite>>>,
    /// Whoever works holds one, so that the end of all can be waited for.
    working: Mutex<Option<mpsc::Sender<()>>>,
}

/// What is needed to begin a shift.
pub(super) struct Tools<R> {
    pub(super) reactor: Arc<R>,
    pub(super) options: ReactorOptions,
    pub(super) status: ReactorStatus,
    pub(super) log: Arc<JetStreamLog>,
    pub(super) filter: EventFilter,
    pub(super) record: Arc<Record>,
}

/// How a shift has ended.
pub(super) enum Ended {
    /// It was told to stop.
    Stopped,
    /// Another instance may be the active one.
    Lost(WorkEnded),
}

/// How long to wait before something that must be done at some time is tried again.
const PAUSE: Duration = Duration::from_millis(500);

impl<R: Reactor> Tools<R> {
    /// Works until it is told to stop, or the term ends.
    pub(super) async fn work(&self, mut term: Term, stop: &CancellationToken) -> Result<Ended, ReactorError> {
        let Self { reactor, options, status, log, filter, record } = self;
        let (working, mut worked) = mpsc::channel(1);
        let (to_write, entries) = mpsc::unbounded_channel();
        let in_hand = Arc::new(InHand::default());
        let shift = Arc::new(Shift {
            reactor: reactor.clone(),
            options: options.clone(),
            status: status.clone(),
            log: log.clone(),
            letters: log.dead_letters(),
            domain: filter.domain().clone(),
            record: record.clone(),
            breaker: Breaker::new(options.clone(), status.clone()),
            room: Semaphore::new(usize::from(options.concurrency.max(1))),
            tenure: term.tenure(),
            stop: stop.child_token(),
            acknowledging: Arc::new(Acknowledging::new(R::NAME, status.clone())),
            in_hand: in_hand.clone(),
            lanes: Mutex::default(),
            to_write: Mutex::new(Some(to_write)),
            working: Mutex::new(Some(working)),
        });
        match shift.prepare(filter, term.created()).await {
            Some(prepared) => prepared?,
            None if stop.is_cancelled() => {
                term.release().await;
                return Ok(Ended::Stopped);
            }
            None => return Ok(Ended::Lost(WorkEnded::Unconfirmed)),
        }
        let recorder = Recorder {
            name: R::NAME,
            record: record.clone(),
            in_hand,
            status: status.clone(),
            acknowledging: shift.acknowledging.clone(),
            tenure: term.tenure(),
            created: term.created(),
        };
        let mut recording = tokio::spawn(recorder.run(entries));
        shift.spawn(Shift::look_for_asks(shift.clone()));
        status.active(true);
        let ended = shift.take_in(&mut term, &mut recording).await;
        status.active(false);
        // Nothing new is begun.
        shift.stop.cancel();
        shift.working.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (stopped, ended) = match ended {
            Ok(ended) => (matches!(ended, Ended::Stopped), Ok(ended)),
            // Without a record nothing that is done can be acknowledged.
            Err(error) => return Err(error),
        };
        if stopped && timeout(options.stop_limit, worked.recv()).await.is_err() {
            tracing::warn!(name = R::NAME, "what is under way takes too long; it is done again");
            // It ends here, before another instance is let begin.
            term.end();
            if timeout(PAUSE, worked.recv()).await.is_err() {
                tracing::warn!(
                    name = R::NAME,
                    "an effect blocks its thread, and may go on beside that of another instance"
                );
            }
        }
        shift.to_write.lock().unwrap_or_else(PoisonError::into_inner).take();
        if stopped {
            match timeout(options.stop_limit, recording).await {
                Ok(recorded) => recorded.map_err(|_| ReactorError::Panicked { name: R::NAME })??,
                Err(_) => {
                    tracing::warn!(name = R::NAME, "the server doesn't answer; what is done comes again")
                }
            }
            term.release().await;
        } else {
            // What is done is done, and written down; the server needn't know it from this instance.
            timeout(options.stop_limit, recording).await.ok();
        }
        ended
    }
}

impl<R: Reactor> Shift<R> {
    /// Reads what is parked, and checks that the record is of this stream; none when this instance must not go on.
    async fn prepare(
        self: &Arc<Self>,
        filter: &EventFilter,
        created: jiff::Timestamp,
    ) -> Option<Result<(), ReactorError>> {
        if let Some(floor) = self.record.floor() {
            let checked = self
                .until_done(|| async {
                    match self.log.follow(filter.clone(), Some(floor)).await {
                        Ok(_) => Ok(None),
                        Err(error @ ReadError::Recreated { .. }) => Ok(Some(error)),
                        Err(error) => Err(error),
                    }
                })
                .await?;
            if let Some(error) = checked {
                tracing::warn!(name = R::NAME, %error, %created, "what was done before is forgotten");
                if let Err(error) = self.record.clear() {
                    return Some(Err(error.into()));
                }
            }
        }
        self.until_done(|| self.letters.open()).await?;
        let (letters, replaced) = self.until_done(|| self.letters.letters(Some(R::NAME))).await?;
        for place in replaced {
            self.until_done(|| self.letters.remove(place)).await?;
        }
        self.change_letters(|lanes| {
            for parked in letters {
                if let Some(key) = parked.letter.work_key() {
                    lanes.park(&key, parked);
                }
            }
        });
        Some(Ok(()))
    }

    /// Takes events in hand, as they come.
    async fn take_in(
        self: &Arc<Self>,
        term: &mut Term,
        recording: &mut JoinHandle<Result<(), ReactorError>>,
    ) -> Result<Ended, ReactorError> {
        let mut signs = interval(self.options.work.ack_wait / 3);
        loop {
            let mut changed = pin!(self.in_hand.changed.notified());
            // Before it is looked whether there is room, or the change would be missed.
            changed.as_mut().enable();
            // Without anything in hand, what everything waits for has yet to come.
            let has_room = self.record.ahead() < self.options.ahead_max || self.in_hand.len() == 0;
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(Ended::Stopped),
                recorded = &mut *recording => {
                    recorded.map_err(|_| ReactorError::Panicked { name: R::NAME })??;
                    return Err(ReactorError::Panicked { name: R::NAME });
                }
                _ = signs.tick() => self.extend_all().await,
                () = changed, if !has_room => {}
                () = self.tenure.ended(), if !has_room => {}
                delivery = term.next(), if has_room => match delivery {
                    Ok(delivery) => self.take_in_hand(Arc::new(delivery)),
                    Err(ended) => return Ok(Ended::Lost(ended)),
                },
            }
            if !has_room && !self.tenure.is_held() {
                return Ok(Ended::Lost(WorkEnded::Unconfirmed));
            }
        }
    }

    /// Tells the server that the work on everything in hand goes on.
    async fn extend_all(&self) {
        let extend = async {
            for delivery in self.in_hand.all() {
                delivery.extend().await;
            }
        };
        // Without a connection the client's queue fills up.
        tokio::select! {
            biased;
            () = self.stop.cancelled() => {}
            () = self.tenure.ended() => {}
            () = extend => {}
        }
    }

    fn take_in_hand(self: &Arc<Self>, delivery: Arc<Delivery>) {
        let event = delivery.event.as_ref().ok().map(|event| event.envelope.fingerprint());
        let sequence = delivery.sequence;
        match self.in_hand.take(delivery.clone(), || self.record.is_done(sequence, event)) {
            Taken::New => {
                self.status.in_hand(self.in_hand.len());
                self.queue(delivery.key.clone(), Job::Event(delivery));
            }
            // It came again, and goes on as it was.
            Taken::Again => {}
            Taken::Done => {
                self.status.repeated();
                if self.record.ahead() > 0 {
                    self.write_down(Entry::Again);
                }
                let (acknowledging, tenure) = (self.acknowledging.clone(), self.tenure.clone());
                self.spawn(async move {
                    tokio::select! {
                        biased;
                        () = tenure.ended() => {}
                        () = acknowledging.ack(&delivery) => {}
                    }
                });
            }
        }
    }

    /// Tries until it is done; none when this instance must not go on.
    pub(super) async fn until_done<T, E: Display, F: Future<Output = Result<T, E>>>(
        &self,
        attempt: impl Fn() -> F,
    ) -> Option<T> {
        loop {
            let done = tokio::select! {
                biased;
                () = self.tenure.ended() => return None,
                done = attempt() => done,
            };
            match done {
                Ok(done) => return Some(done),
                Err(error) => {
                    self.status.error(&error.to_string());
                    tracing::warn!(name = R::NAME, %error, "trying again");
                    if !self.wait(PAUSE).await {
                        return None;
                    }
                }
            }
        }
    }

    /// Waits; false when this instance must not go on.
    pub(super) async fn wait(&self, time: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => false,
            () = self.tenure.ended() => false,
            () = sleep(time) => true,
        }
    }

    /// Has it written down, some time soon.
    pub(super) fn write_down(&self, entry: Entry) {
        self.send(ToWrite { entry, written: None });
    }

    /// Has it written down; none when that can't be known.
    pub(super) async fn write_down_durably(&self, entry: Entry) -> Option<()> {
        let (sender, written) = oneshot::channel();
        self.send(ToWrite { entry, written: Some(sender) });
        written.await.ok()
    }

    fn send(&self, to_write: ToWrite) {
        if let Some(sender) = &*self.to_write.lock().unwrap_or_else(PoisonError::into_inner) {
            // Whoever writes has failed, and the shift ends with it.
            sender.send(to_write).ok();
        }
    }

    /// Has something done by a task whose end is waited for.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let working = self.working.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(working) = working {
            tokio::spawn(async move {
                work.await;
                drop(working);
            });
        }
    }

    pub(super) fn lane<T>(&self, key: &WorkKey, look: impl FnOnce(&Lane) -> Option<T>) -> Option<T> {
        self.lanes().get(key).and_then(look)
    }

    /// Changes what is parked, and says how much it is now.
    pub(super) fn change_letters(&self, change: impl FnOnce(&mut Lanes)) {
        let mut lanes = self.lanes();
        change(&mut lanes);
        let (keys, letters) = lanes.parked();
        // Under the lock, or an older number may be the last one.
        self.status.parked(keys, letters);
    }

    /// A panic while the lock is held can't leave it half-changed: what is done under it is small, and none of a reactor's code.
    pub(super) fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The events in hand.
#[derive(Default)]
pub(super) struct InHand {
    events: Mutex<Events>,
    changed: Notify,
}

#[derive(Default)]
struct Events {
    undone: BTreeMap<u64, Arc<Delivery>>,
    /// The highest that has come in this shift. Below it, whatever isn't done is in hand.
    highest: u64,
}

/// What becomes of an event that comes.
enum Taken {
    New,
    Again,
    Done,
}

impl InHand {
    fn take(&self, delivery: Arc<Delivery>, is_done: impl FnOnce() -> bool) -> Taken {
        let mut events = self.lock();
        let sequence = delivery.sequence;
        events.highest = events.highest.max(sequence);
        // The newest delivery is the one that the server hears of.
        if let Some(known) = events.undone.get_mut(&sequence) {
            *known = delivery;
            Taken::Again
        } else if is_done() {
            Taken::Done
        } else {
            events.undone.insert(sequence, delivery);
            Taken::New
        }
    }

    pub(super) fn remove(&self, sequence: u64) -> Option<Arc<Delivery>> {
        let removed = self.lock().undone.remove(&sequence);
        self.changed.notify_waiters();
        removed
    }

    /// The lowest event that isn't done when these are: it is in hand, or it has yet to come.
    pub(super) fn lowest_but(&self, entries: &[Entry]) -> u64 {
        let done: std::collections::HashSet<_> = entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::Event(sequence, _) => Some(*sequence),
                Entry::Letter(_) | Entry::Removed(_) | Entry::Again => None,
            })
            .collect();
        let events = self.lock();
        let in_hand = events.undone.keys().find(|sequence| !done.contains(sequence));
        in_hand.copied().unwrap_or(events.highest + 1)
    }

    pub(super) fn len(&self) -> usize {
        self.lock().undone.len()
    }

    fn all(&self) -> Vec<Arc<Delivery>> {
        self.lock().undone.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
