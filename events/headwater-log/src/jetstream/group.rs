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
use std::pin::pin;
use std::sync::Arc;

use futures::future::{BoxFuture, join_all};
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use headwater_event::Aggregate;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, timeout_at};

use super::append::{Attempt, Sent};
use super::batch;
use super::log::Broker;
use super::verdict::{Verdict, verdict};
use crate::{Append, AppendError, Appended, PendingAppend};

/// How many commits may wait or be under way before a caller waits for room.
const COMMITS_MAX: usize = 4096;

/// How many single events are under way before a batch is the faster way.
const ALONE_MAX: usize = 12;

/// How many bytes of data one batch carries, about: it must be staged and stored before an answer's time is up.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Takes commits, and gives their answers.
#[derive(Debug, Clone)]
pub(super) struct Committer {
    arriving: mpsc::UnboundedSender<Waiting>,
    room: Arc<Semaphore>,
}

/// A commit, and where its answer goes.
struct Waiting {
    attempt: Attempt,
    answer: oneshot::Sender<Result<Appended, AppendError>>,
    /// It would probably be refused, and a batch with it.
    alone: bool,
    _room: OwnedSemaphorePermit,
}

impl Committer {
    pub(super) fn spawn(broker: Arc<Broker>) -> Self {
        let (arriving, arrived) = mpsc::unbounded_channel();
        let gathering = Gathering {
            broker,
            waiting: VecDeque::new(),
            busy: HashSet::new(),
            under_way: FuturesUnordered::new(),
            batches: 0,
            alone: 0,
        };
        tokio::spawn(gathering.run(arrived));
        Self { arriving, room: Arc::new(Semaphore::new(COMMITS_MAX)) }
    }

    /// Hands a commit over, when there is room for it.
    pub(super) async fn begin(&self, attempt: Attempt) -> PendingAppend {
        let room = timeout_at(attempt.deadline(), self.room.clone().acquire_owned()).await;
        let (answer, answered) = oneshot::channel();
        let pending = PendingAppend::answered(attempt.aggregate(), answered);
        match room {
            Ok(Ok(room)) => {
                let waiting = Waiting { attempt, answer, alone: false, _room: room };
                // The task ends only with the runtime, and then the sender of the answer is dropped.
                let _ = self.arriving.send(waiting);
            }
            Ok(Err(closed)) => answer_with(answer, Err(attempt.given_up(closed.into()))),
            Err(elapsed) => answer_with(answer, Err(attempt.given_up(elapsed.into()))),
        }
        pending
    }
}

impl Waiting {
    /// Waits for the answer to what was sent without others, as often as it must be.
    async fn finish(self, (room, sent): (Option<OwnedSemaphorePermit>, Sent)) -> Ended {
        let aggregates = self.attempt.aggregates().cloned().collect();
        answer_with(self.answer, self.attempt.finish(sent).await);
        drop(room);
        Ended::Alone { aggregates }
    }
}

/// Who doesn't wait has nothing to be told.
fn answer_with(
    sender: oneshot::Sender<Result<Appended, AppendError>>,
    answer: Result<Appended, AppendError>,
) {
    let _ = sender.send(answer);
}

/// The task that gathers.
struct Gathering {
    broker: Arc<Broker>,
    /// What waits, in its order.
    waiting: VecDeque<Waiting>,
    /// The aggregates of what is under way: a second commit to one of them, decided before the first is stored, can't be right
    /// too, and would fail a whole batch.
    busy: HashSet<Aggregate>,
    under_way: FuturesUnordered<BoxFuture<'static, Ended>>,
    batches: usize,
    alone: usize,
}

/// What is no longer under way.
enum Ended {
    /// A commit that was sent alone has its answer.
    Alone { aggregates: Vec<Aggregate> },
    /// A batch was answered. The commits of these aggregates have their answers, and these commits don't.
    Batch { aggregates: Vec<Aggregate>, again: Vec<Waiting>, alone: Vec<Waiting> },
}

impl Gathering {
    async fn run(mut self, mut arriving: mpsc::UnboundedReceiver<Waiting>) {
        let mut open = true;
        while open || !self.under_way.is_empty() {
            tokio::select! {
                Some(ended) = self.under_way.next() => self.end(ended),
                arrived = arriving.recv(), if open => match arrived {
                    Some(waiting) => self.waiting.push_back(waiting),
                    None => open = false,
                },
            }
            // Callers who have just got their answers go first: what they ask for next belongs to the next batch.
            yield_now().await;
            while let Some(Some(ended)) = self.under_way.next().now_or_never() {
                self.end(ended);
            }
            while let Ok(waiting) = arriving.try_recv() {
                self.waiting.push_back(waiting);
            }
            self.send().await;
        }
    }

    fn end(&mut self, ended: Ended) {
        let aggregates = match ended {
            Ended::Alone { aggregates } => {
                self.alone -= 1;
                aggregates
            }
            Ended::Batch { aggregates, again, alone } => {
                self.batches -= 1;
                for waiting in again.iter().flat_map(|waiting| waiting.attempt.aggregates()) {
                    self.busy.remove(waiting);
                }
                for waiting in again.into_iter().rev() {
                    self.waiting.push_front(waiting);
                }
                for waiting in alone {
                    self.finish(waiting);
                }
                aggregates
            }
        };
        for aggregate in &aggregates {
            self.busy.remove(aggregate);
        }
    }

    /// Has a commit sent alone, in no order.
    fn finish(&mut self, waiting: Waiting) {
        self.alone += 1;
        let finished = async move {
            let sent = waiting.attempt.send_with_room().await;
            waiting.finish(sent).await
        };
        self.under_way.push(finished.boxed());
    }

    /// Sends what waits, if it needn't wait for a batch.
    async fn send(&mut self) {
        if self.batches > 0 {
            return;
        }
        let ready = self.take_ready();
        let singles = ready.iter().all(|waiting| waiting.attempt.events() == 1);
        if ready.len() == 1 || (singles && self.alone + ready.len() <= ALONE_MAX) {
            for waiting in ready {
                self.send_alone(waiting).await;
            }
        } else if !ready.is_empty() {
            self.batches += 1;
            self.under_way.push(commit(self.broker.clone(), ready).boxed());
        }
    }

    /// Sends a commit alone, before any other is: so they are stored in their order.
    async fn send_alone(&mut self, waiting: Waiting) {
        let mut ended = Vec::new();
        let sent = {
            let mut sending = pin!(waiting.attempt.send_with_room());
            loop {
                tokio::select! {
                    sent = &mut sending => break sent,
                    // What is under way may have the room that is waited for.
                    Some(end) = self.under_way.next() => ended.push(end),
                }
            }
        };
        self.alone += 1;
        self.under_way.push(waiting.finish(sent).boxed());
        for end in ended {
            self.end(end);
        }
    }

    /// Takes what one batch may hold: in its order, no aggregate twice, and none that is under way.
    fn take_ready(&mut self) -> Vec<Waiting> {
        let (mut ready, mut events, mut bytes) = (Vec::new(), 0, 0);
        let mut held = VecDeque::new();
        while let Some(mut waiting) = self.waiting.pop_front() {
            if waiting.attempt.aggregates().any(|aggregate| self.busy.contains(aggregate)) {
                waiting.alone = true;
                held.push_back(waiting);
                continue;
            }
            // Its time would be the whole batch's.
            let short = waiting.attempt.deadline() < Instant::now() + self.broker.config.answer_timeout;
            if waiting.alone || short {
                self.busy.extend(waiting.attempt.aggregates().cloned());
                self.finish(waiting);
                continue;
            }
            events += waiting.attempt.events();
            bytes += waiting.attempt.bytes();
            if events > Append::EVENTS_MAX || (bytes > BATCH_BYTES_MAX && !ready.is_empty()) {
                held.push_back(waiting);
                break;
            }
            self.busy.extend(waiting.attempt.aggregates().cloned());
            ready.push(waiting);
        }
        held.append(&mut self.waiting);
        self.waiting = held;
        ready
    }
}

/// Sends a batch, and answers what can be answered.
async fn commit(broker: Arc<Broker>, mut group: Vec<Waiting>) -> Ended {
    let count = group.iter().map(|waiting| waiting.attempt.events()).sum();
    let verdict = verdict_on(&broker, &group, count).await;
    for waiting in &mut group {
        waiting.attempt.note(&verdict);
    }
    match verdict {
        Verdict::Stored { sequence, duplicate: false } => stored(group, sequence, count),
        Verdict::Conflict | Verdict::Duplicates => refused(group).await,
        // Each for itself: their deadlines, their answers, and what is wrong with one of them.
        _ => Ended::Batch { aggregates: Vec::new(), again: Vec::new(), alone: group },
    }
}

async fn verdict_on(broker: &Broker, group: &[Waiting], count: usize) -> Verdict {
    // Nobody waits longer than is allowed.
    let deadline = group.iter().map(|waiting| waiting.attempt.deadline()).min();
    let deadline = deadline.unwrap_or_else(|| broker.deadline());
    let mut denied = broker.denials.watch();
    let messages = group.iter().flat_map(|waiting| waiting.attempt.messages());
    let answer = match timeout_at(deadline, batch::send(broker, messages, count)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => return Verdict::NotNow(error.into()),
        Err(elapsed) => return Verdict::NotNow(elapsed.into()),
    };
    tokio::select! {
        biased;
        answered = timeout_at(deadline, answer) => match answered {
            Ok(answer) => verdict(answer),
            Err(elapsed) => Verdict::Lost(elapsed.into()),
        },
        denial = denied.any_of(|denied| group.iter().any(|waiting| waiting.attempt.publishes_on(denied))) => {
            Verdict::Denied(denial)
        }
    }
}

/// All are stored, one after another, the last event here.
fn stored(group: Vec<Waiting>, last: u64, count: usize) -> Ended {
    let mut aggregates = Vec::with_capacity(group.len());
    let mut before = last - count as u64;
    for Waiting { attempt, answer, .. } in group {
        before += attempt.events() as u64;
        answer_with(answer, Ok(Appended { last: before, duplicate: false }));
        aggregates.extend(attempt.aggregates().cloned());
    }
    Ended::Batch { aggregates, again: Vec::new(), alone: Vec::new() }
}

/// At least one of them can't be stored: those whose aggregates have moved on, or whoever it may be.
async fn refused(group: Vec<Waiting>) -> Ended {
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
    Ended::Batch { aggregates: Vec::new(), again, alone }
}
