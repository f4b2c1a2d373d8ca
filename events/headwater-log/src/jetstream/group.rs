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
use super::broker::Broker;
use super::verdict::Verdict;
use crate::{Append, Appended, PendingAppend};

/// How many commits may wait or be under way before a caller waits for room.
const COMMITS_MAX: usize = 4096;

/// How many single events are under way before a batch is the faster way.
const ALONE_MAX: usize = 12;

/// How many bytes of data one batch carries, about: it must be staged and stored before an answer's time is up.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Takes commits, and gives their answers.
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

/// A commit that is sent now.
struct Taken {
    waiting: Waiting,
    busy: Busy,
}

/// A commit's aggregates, which are busy with it until this is dropped: it was answered, or given up by whoever began it. It must
/// not be dropped under the lock.
struct Busy {
    shared: Arc<Shared>,
    aggregates: Vec<Aggregate>,
    /// Whether it counts as one that is under way alone.
    alone: bool,
}

impl Busy {
    /// It is sent alone.
    fn alone(&mut self) {
        if !std::mem::replace(&mut self.alone, true) {
            self.shared.lock().alone += 1;
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut gathering = self.shared.lock();
        for aggregate in &self.aggregates {
            gathering.busy.remove(aggregate);
        }
        gathering.alone -= usize::from(self.alone);
        let starts = gathering.starts_sending();
        drop(gathering);
        if starts {
            self.shared.spawn_sending();
        }
    }
}

/// What can be sent now.
#[derive(Default)]
struct Ready {
    /// In their order.
    together: Vec<Taken>,
    /// In no order.
    alone: Vec<Taken>,
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
                if let Some(taken) = self.0.gather(waiting) {
                    send_alone(taken).await;
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
    fn gather(self: &Arc<Self>, waiting: Waiting) -> Option<Taken> {
        let mut gathering = self.lock();
        if gathering.takes_alone(&waiting.attempt) {
            return Some(gathering.take(self, waiting, true));
        }
        gathering.waiting.push_back(waiting);
        let starts = gathering.starts_sending();
        drop(gathering);
        if starts {
            self.spawn_sending();
        }
        None
    }

    /// Has what waits sent, after [`Gathering::starts_sending`] has said so, and not under the lock.
    fn spawn_sending(self: &Arc<Self>) {
        let sending = Sending { shared: Arc::clone(self), has_ended: false };
        self.broker.runtime.spawn(sending.run());
    }

    /// What can be sent now; none when nothing can, and then nobody sends any more.
    fn take_ready(self: &Arc<Self>) -> Option<Ready> {
        let mut gathering = self.lock();
        let ready = gathering.take_ready(self, Instant::now() + self.broker.config.answer_timeout);
        gathering.is_sending = !(ready.together.is_empty() && ready.alone.is_empty());
        gathering.is_sending.then_some(ready)
    }

    /// Has commits sent alone, in no order.
    fn spawn_alone(&self, commits: Vec<Taken>) {
        for mut taken in commits {
            taken.busy.alone();
            self.broker.runtime.spawn(send_alone(taken));
        }
    }

    /// Sends a batch, and answers what can be answered.
    async fn commit(&self, mut group: Vec<Taken>) {
        let count = group.iter().map(|taken| taken.waiting.attempt.events()).sum();
        let verdict = self.verdict_on(&group).await;
        for taken in &mut group {
            taken.waiting.attempt.note(&verdict);
        }
        match verdict {
            Verdict::Stored { sequence, duplicate: false } => stored(group, sequence, count),
            Verdict::Conflict | Verdict::Duplicates => self.refused(group).await,
            // Each for itself: their deadlines, their answers, and what is wrong with one of them.
            _ => self.spawn_alone(group),
        }
    }

    async fn verdict_on(&self, group: &[Taken]) -> Verdict {
        // Nobody waits longer than is allowed.
        let deadline = group.iter().map(|taken| taken.waiting.attempt.deadline()).min();
        let messages = group.iter().flat_map(|taken| taken.waiting.attempt.messages()).collect();
        batch::verdict(&self.broker, messages, deadline.unwrap_or_else(Instant::now)).await
    }

    /// At least one of them can't be stored: those whose aggregates have moved on, or whoever it may be.
    async fn refused(&self, group: Vec<Taken>) {
        let outdated = join_all(group.iter().map(|taken| taken.waiting.attempt.is_outdated())).await;
        let (mut again, mut alone) = (Vec::new(), Vec::new());
        for (taken, outdated) in group.into_iter().zip(outdated) {
            match outdated {
                Ok(false) => again.push(taken),
                // Who can't be asked about isn't blamed on the others.
                Ok(true) | Err(_) => alone.push(taken),
            }
        }
        if alone.is_empty() {
            std::mem::swap(&mut again, &mut alone);
        }
        self.spawn_alone(alone);
        for Taken { waiting, busy } in again.into_iter().rev() {
            drop(busy);
            self.lock().waiting.push_front(waiting);
        }
    }

    /// A panic while the lock is held can't leave a commit half-taken: they are moved in and out.
    fn lock(&self) -> MutexGuard<'_, Gathering> {
        self.gathering.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends a commit by itself.
async fn send_alone(Taken { waiting, busy }: Taken) {
    let Some(room) = waiting.attempt.room().await else {
        let given_up = waiting.attempt.given_up("too many commits are under way".into());
        drop(busy);
        return waiting.answer(Err(given_up));
    };
    let Waiting { attempt, answer, _room, .. } = waiting;
    let done = move |answered| {
        drop((room, _room, busy));
        // Who doesn't wait has nothing to be told.
        answer.send(answered).ok();
    };
    attempt.send(done).await;
}

/// All are stored, one after another, the last event here.
fn stored(group: Vec<Taken>, last: u64, count: usize) {
    let (group, busy): (Vec<_>, Vec<_>) =
        group.into_iter().map(|Taken { waiting, busy }| (waiting, busy)).unzip();
    drop(busy);
    let mut before = last - count as u64;
    for waiting in group {
        before += waiting.attempt.events() as u64;
        waiting.answer(Ok(Appended { last: before, duplicate: false }));
    }
}

/// The task that sends what waits.
struct Sending {
    shared: Arc<Shared>,
    has_ended: bool,
}

impl Sending {
    /// Sends one batch after another, until nothing can be sent any more.
    async fn run(mut self) {
        loop {
            // Callers who have just got their answers go first: what they ask for next belongs to the next batch.
            yield_now().await;
            let Some(Ready { together, alone }) = self.shared.take_ready() else {
                self.has_ended = true;
                return;
            };
            self.shared.spawn_alone(alone);
            let singles = together.iter().all(|taken| taken.waiting.attempt.events() == 1);
            if together.len() == 1 || (singles && self.shared.lock().alone + together.len() <= ALONE_MAX) {
                for mut taken in together {
                    taken.busy.alone();
                    send_alone(taken).await;
                }
            } else if !together.is_empty() {
                self.shared.commit(together).await;
            }
        }
    }
}

/// A task that is stopped before it has ended, for example with its runtime, leaves nobody waiting.
impl Drop for Sending {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let mut gathering = self.shared.lock();
        gathering.is_sending = false;
        let waiting = std::mem::take(&mut gathering.waiting);
        drop(gathering);
        for waiting in waiting {
            let given_up = waiting.attempt.given_up("the task that sends commits was stopped".into());
            waiting.answer(Err(given_up));
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

    /// Whether somebody must begin to send what waits.
    fn starts_sending(&mut self) -> bool {
        let starts = !self.is_sending && !self.waiting.is_empty();
        self.is_sending |= starts;
        starts
    }

    /// Takes a commit that is sent now.
    fn take(&mut self, shared: &Arc<Shared>, waiting: Waiting, alone: bool) -> Taken {
        let aggregates: Vec<_> = waiting.attempt.aggregates().cloned().collect();
        self.busy.extend(aggregates.iter().cloned());
        self.alone += usize::from(alone);
        Taken { waiting, busy: Busy { shared: Arc::clone(shared), aggregates, alone } }
    }

    /// Takes what one batch may hold: in its order, no aggregate twice, and none that is under way. What must be answered before
    /// `short`, or would probably be refused, goes alone: its time, or its answer, would be the whole batch's.
    fn take_ready(&mut self, shared: &Arc<Shared>, short: Instant) -> Ready {
        let (mut ready, mut events, mut bytes) = (Ready::default(), 0, 0);
        let mut held = VecDeque::new();
        while let Some(mut waiting) = self.waiting.pop_front() {
            if self.is_busy(&waiting.attempt) {
                waiting.alone = true;
                held.push_back(waiting);
                continue;
            }
            if waiting.alone || waiting.attempt.deadline() < short {
                ready.alone.push(self.take(shared, waiting, true));
                continue;
            }
            events += waiting.attempt.events();
            bytes += waiting.attempt.bytes();
            if events > Append::EVENTS_MAX || (bytes > BATCH_BYTES_MAX && !ready.together.is_empty()) {
                held.push_back(waiting);
                break;
            }
            ready.together.push(self.take(shared, waiting, false));
        }
        held.append(&mut self.waiting);
        self.waiting = held;
        ready
    }
}
