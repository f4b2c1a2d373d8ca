//! Group commit: the commits of many concurrent callers in one atomic batch, each under its own guards.
//!
//! A server that flushes always does so once per message, or once per atomic batch, and a batch costs some milliseconds
//! more than a message. So a few commits go one by one; when more wait, those that came while the last batch was under
//! way are the next one. Nobody waits for company.
//!
//! A batch is stored or refused as a whole. When one commit's guard refuses it, the commits whose aggregates have moved on are
//! sent alone, and get their own answers; the others are the next batch. When no answer comes, or another one, each goes on
//! alone, as if there were no groups.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::join_all;
use headwater_event::Aggregate;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, timeout_at};

use super::append::{Answer, Attempt};
use super::batch;
use super::log::Broker;
use super::verdict::Verdict;
use crate::{Append, Appended, PendingAppend};

/// How many commits may wait or be under way before a caller waits for room.
const COMMITS_MAX: usize = 4096;

/// How many single events are under way before a batch is the faster way.
const ALONE_MAX: usize = 12;

/// How many bytes of data one batch carries, about: it must be staged and stored before an answer's time is up.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Takes commits, and gives their answers.
#[derive(Clone)]
pub(super) struct Committer(Arc<Shared>);

struct Shared {
    broker: Arc<Broker>,
    room: Arc<Semaphore>,
    gathering: Mutex<Gathering>,
}

/// A commit, and where its answer goes.
struct Waiting {
    attempt: Attempt,
    answer: oneshot::Sender<Answer>,
    /// It would probably be refused, and a batch with it.
    alone: bool,
    _room: OwnedSemaphorePermit,
}

impl Waiting {
    fn answer(self, answer: Answer) {
        // Who doesn't wait has nothing to be told.
        self.answer.send(answer).ok();
    }
}

/// What waits, and what is under way.
#[derive(Default)]
struct Gathering {
    /// What waits, in its order.
    waiting: VecDeque<Waiting>,
    /// The aggregates of what is under way: a second commit to one of them, decided before the first is stored, can't be right
    /// too, and would fail a whole batch.
    busy: HashSet<Aggregate>,
    /// How many commits are under way alone.
    alone: usize,
    /// Whether a task sends what waits.
    is_sending: bool,
}

/// What can be sent now.
#[derive(Default)]
struct Ready {
    /// In their order.
    together: Vec<Waiting>,
    /// In no order.
    alone: Vec<Waiting>,
}

impl Committer {
    pub(super) fn new(broker: Arc<Broker>) -> Self {
        let room = Arc::new(Semaphore::new(COMMITS_MAX));
        Self(Arc::new(Shared { broker, room, gathering: Mutex::default() }))
    }

    /// Hands a commit over, when there is room for it.
    pub(super) async fn begin(&self, attempt: Attempt) -> PendingAppend {
        let (answer, answered) = oneshot::channel();
        let pending = PendingAppend::answered(attempt.aggregate(), answered);
        match timeout_at(attempt.deadline(), self.0.room.clone().acquire_owned()).await {
            Ok(Ok(room)) => {
                let waiting = Waiting { attempt, answer, alone: false, _room: room };
                if let Some(waiting) = self.0.gather(waiting) {
                    self.0.send_alone(waiting).await;
                }
            }
            Ok(Err(_)) | Err(_) => {
                answer.send(Err(attempt.given_up("too many commits are under way".into()))).ok();
            }
        }
        pending
    }
}

impl Shared {
    /// Takes a commit in, or returns it, if it is best sent alone and at once.
    fn gather(self: &Arc<Self>, waiting: Waiting) -> Option<Waiting> {
        let mut gathering = self.lock();
        if gathering.takes_alone(&waiting.attempt) {
            gathering.busy.extend(waiting.attempt.aggregates().cloned());
            gathering.alone += 1;
            return Some(waiting);
        }
        gathering.waiting.push_back(waiting);
        self.go_on(&mut gathering);
        None
    }

    /// Sees to it that what waits is sent.
    fn go_on(self: &Arc<Self>, gathering: &mut Gathering) {
        if !gathering.is_sending && !gathering.waiting.is_empty() {
            gathering.is_sending = true;
            tokio::spawn(Arc::clone(self).send_waiting());
        }
    }

    /// Sends a commit by itself, whose aggregates are busy with it already.
    async fn send_alone(self: &Arc<Self>, waiting: Waiting) {
        let aggregates = waiting.attempt.aggregates().cloned().collect();
        let alone = Alone { shared: Arc::clone(self), aggregates };
        let Some(room) = waiting.attempt.room().await else {
            let given_up = waiting.attempt.given_up("too many commits are under way".into());
            drop(alone);
            return waiting.answer(Err(given_up));
        };
        let Waiting { attempt, answer, _room, .. } = waiting;
        let done = move |answered| {
            drop((room, _room, alone));
            // Who doesn't wait has nothing to be told.
            answer.send(answered).ok();
        };
        attempt.send(done).await;
    }

    /// Sends what waits, one batch after another, until nothing can be sent any more.
    async fn send_waiting(self: Arc<Self>) {
        let mut sending = Sending { shared: &self, has_ended: false };
        loop {
            // Callers who have just got their answers go first: what they ask for next belongs to the next batch.
            yield_now().await;
            let Some(Ready { together, alone }) = self.take_ready() else {
                sending.has_ended = true;
                return;
            };
            self.spawn_alone(alone);
            let singles = together.iter().all(|waiting| waiting.attempt.events() == 1);
            if together.len() == 1 || (singles && self.lock().alone + together.len() <= ALONE_MAX) {
                for waiting in together {
                    self.lock().alone += 1;
                    self.send_alone(waiting).await;
                }
            } else if !together.is_empty() {
                self.commit(together).await;
            }
        }
    }

    /// What can be sent now; none when nothing can, and then nobody sends any more.
    fn take_ready(&self) -> Option<Ready> {
        let mut gathering = self.lock();
        let ready = gathering.take_ready(Instant::now() + self.broker.config.answer_timeout);
        gathering.is_sending = !(ready.together.is_empty() && ready.alone.is_empty());
        gathering.is_sending.then_some(ready)
    }

    /// Has commits sent alone, in no order.
    fn spawn_alone(self: &Arc<Self>, commits: Vec<Waiting>) {
        for waiting in commits {
            self.lock().alone += 1;
            let shared = Arc::clone(self);
            tokio::spawn(async move { shared.send_alone(waiting).await });
        }
    }

    /// Sends a batch, and answers what can be answered.
    async fn commit(self: &Arc<Self>, mut group: Vec<Waiting>) {
        let count = group.iter().map(|waiting| waiting.attempt.events()).sum();
        let verdict = self.verdict_on(&group).await;
        for waiting in &mut group {
            waiting.attempt.note(&verdict);
        }
        match verdict {
            Verdict::Stored { sequence, duplicate: false } => self.stored(group, sequence, count),
            Verdict::Conflict | Verdict::Duplicates => self.refused(group).await,
            // Each for itself: their deadlines, their answers, and what is wrong with one of them.
            _ => self.spawn_alone(group),
        }
    }

    async fn verdict_on(&self, group: &[Waiting]) -> Verdict {
        // Nobody waits longer than is allowed.
        let deadline = group.iter().map(|waiting| waiting.attempt.deadline()).min();
        let messages = group.iter().flat_map(|waiting| waiting.attempt.messages()).collect();
        batch::verdict(&self.broker, messages, deadline.unwrap_or_else(Instant::now)).await
    }

    /// All are stored, one after another, the last event here.
    fn stored(&self, group: Vec<Waiting>, last: u64, count: usize) {
        let mut gathering = self.lock();
        for waiting in &group {
            gathering.end(waiting.attempt.aggregates());
        }
        drop(gathering);
        let mut before = last - count as u64;
        for waiting in group {
            before += waiting.attempt.events() as u64;
            waiting.answer(Ok(Appended { last: before, duplicate: false }));
        }
    }

    /// At least one of them can't be stored: those whose aggregates have moved on, or whoever it may be.
    async fn refused(self: &Arc<Self>, group: Vec<Waiting>) {
        let outdated = join_all(group.iter().map(|waiting| waiting.attempt.is_outdated())).await;
        let (mut again, mut alone) = (Vec::new(), Vec::new());
        for (waiting, outdated) in group.into_iter().zip(outdated) {
            match outdated {
                Ok(false) => again.push(waiting),
                // Who can't be asked about isn't blamed on the others.
                Ok(true) | Err(_) => alone.push(waiting),
            }
        }
        if alone.is_empty() {
            std::mem::swap(&mut again, &mut alone);
        }
        self.spawn_alone(alone);
        let mut gathering = self.lock();
        for waiting in again.into_iter().rev() {
            gathering.end(waiting.attempt.aggregates());
            gathering.waiting.push_front(waiting);
        }
    }

    /// A panic while the lock is held can't leave a commit half-taken: they are moved in and out.
    fn lock(&self) -> MutexGuard<'_, Gathering> {
        self.gathering.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A commit that is under way alone, until it is dropped: answered, or given up by whoever began it.
struct Alone {
    shared: Arc<Shared>,
    aggregates: Vec<Aggregate>,
}

impl Drop for Alone {
    fn drop(&mut self) {
        let mut gathering = self.shared.lock();
        gathering.alone -= 1;
        gathering.end(&self.aggregates);
        self.shared.go_on(&mut gathering);
    }
}

/// The task that sends what waits. When it is stopped before it has ended, for example with its runtime, the next commit starts another.
struct Sending<'a> {
    shared: &'a Shared,
    has_ended: bool,
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.shared.lock().is_sending = false;
        }
    }
}

impl Gathering {
    /// Whether a commit is best sent alone and at once.
    fn takes_alone(&self, attempt: &Attempt) -> bool {
        !self.is_sending
            && self.waiting.is_empty()
            && self.alone < ALONE_MAX
            && attempt.events() == 1
            && !self.is_busy(attempt)
    }

    fn is_busy(&self, attempt: &Attempt) -> bool {
        attempt.aggregates().any(|aggregate| self.busy.contains(aggregate))
    }

    /// These aggregates are no longer busy.
    fn end<'a>(&mut self, aggregates: impl IntoIterator<Item = &'a Aggregate>) {
        for aggregate in aggregates {
            self.busy.remove(aggregate);
        }
    }

    /// Takes what one batch may hold: in its order, no aggregate twice, and none that is under way. What must be answered before
    /// `short`, or would probably be refused, goes alone: its time, or its answer, would be the whole batch's.
    fn take_ready(&mut self, short: Instant) -> Ready {
        let (mut ready, mut events, mut bytes) = (Ready::default(), 0, 0);
        let mut held = VecDeque::new();
        while let Some(mut waiting) = self.waiting.pop_front() {
            if self.is_busy(&waiting.attempt) {
                waiting.alone = true;
                held.push_back(waiting);
                continue;
            }
            if waiting.alone || waiting.attempt.deadline() < short {
                self.busy.extend(waiting.attempt.aggregates().cloned());
                ready.alone.push(waiting);
                continue;
            }
            events += waiting.attempt.events();
            bytes += waiting.attempt.bytes();
            if events > Append::EVENTS_MAX || (bytes > BATCH_BYTES_MAX && !ready.together.is_empty()) {
                held.push_back(waiting);
                break;
            }
            self.busy.extend(waiting.attempt.aggregates().cloned());
            ready.together.push(waiting);
        }
        held.append(&mut self.waiting);
        self.waiting = held;
        ready
    }
}
