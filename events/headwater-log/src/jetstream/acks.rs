//! What the server says to what is published.

use std::collections::HashMap;
use std::convert::Infallible;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_nats::{Client, Message, Subscriber};
use futures::{FutureExt as _, StreamExt as _};
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};

use super::append::Outgoing;
use super::verdict::Verdict;
use crate::denials::{Denial, Denials, Denied};

/// Publishes messages, and hands the server's verdict on each to whoever awaits it.
///
/// All answers come on one inbox and are read by one task, which has one clock and hears of denials once for all of them: a
/// subscription, a timer and a wake-up for each message cost more than the message.
pub(super) struct Acks(Arc<Shared>);

/// Who awaits a verdict.
pub(super) trait Awaiting: Send + 'static {
    /// Whether it has published something there.
    fn publishes_on(&self, subject: &str) -> bool;

    /// Takes the verdict, without delay: others wait for theirs.
    fn answered(self: Box<Self>, verdict: Verdict);
}

struct Shared {
    client: Client,
    /// The log's own: a caller's may not be driven while it isn't calling.
    runtime: Handle,
    denials: Denials,
    /// Where answers go, but for the last token.
    inbox: String,
    /// Ends the task that reads the answers when it is dropped; closed when that has ended.
    reader: Mutex<Option<oneshot::Sender<Infallible>>>,
    awaited: Mutex<AllAwaited>,
    /// Wakes the task to look at the clock again.
    begun: Arc<Notify>,
}

#[derive(Default)]
struct AllAwaited {
    last: u64,
    by_token: HashMap<u64, Awaited>,
    /// Whether the task has stopped looking at the clock, because nothing was awaited.
    unwatched: bool,
}

struct Awaited {
    until: Instant,
    /// Whether the message is on its way. Until then, whoever sends it sees to the time.
    is_sent: bool,
    awaiting: Box<dyn Awaiting>,
}

/// How often the clock is looked at while something is awaited.
const TICK: Duration = Duration::from_millis(20);

type Failure = Box<dyn Error + Send + Sync>;

impl Acks {
    pub(super) fn new(client: Client, runtime: Handle, denials: Denials) -> Self {
        let inbox = client.new_inbox();
        Self(Arc::new(Shared {
            client,
            runtime,
            denials,
            inbox,
            reader: Mutex::default(),
            awaited: Mutex::default(),
            begun: Arc::default(),
        }))
    }

    /// Publishes messages, the last of which is answered. Whoever awaits that gets the verdict, [`Verdict::Lost`] when none comes
    /// in time.
    pub(super) async fn publish(
        &self,
        before: Vec<Outgoing>,
        last: Outgoing,
        until: Instant,
        awaiting: Box<dyn Awaiting>,
    ) {
        if until <= Instant::now() {
            return awaiting.answered(Verdict::NotNow("its time was up before it could be sent".into()));
        }
        let unsent = Unsent { shared: &self.0, token: self.0.begin(until, awaiting) };
        let reply = format!("{}.{}", self.0.inbox, unsent.token);
        let client = &self.0.client;
        let sent = timeout_at(until, async {
            self.listen().await?;
            for Outgoing { subject, headers, payload } in before {
                client.publish_with_headers(subject, headers, payload).await?;
            }
            let Outgoing { subject, headers, payload } = last;
            client.publish_with_reply_and_headers(subject, reply, headers, payload).await?;
            Ok::<_, Failure>(())
        });
        // Without a connection, the client's queue fills up, and then there is no room to wait for.
        match sent.await.unwrap_or_else(|elapsed| Err(elapsed.into())) {
            Ok(()) => unsent.sent(),
            Err(failure) => {
                if let Some(awaited) = self.0.remove(unsent.token) {
                    awaited.awaiting.answered(Verdict::NotNow(failure));
                }
            }
        }
    }

    /// Has the answers read.
    async fn listen(&self) -> Result<(), async_nats::SubscribeError> {
        if is_open(&self.0.reader()) {
            return Ok(());
        }
        let denied = self.0.denials.watch();
        let answers = self.0.client.subscribe(format!("{}.*", self.0.inbox)).await?;
        let (open, closed) = oneshot::channel();
        {
            let mut reader = self.0.reader();
            // Somebody else was first.
            if is_open(&reader) {
                return Ok(());
            }
            *reader = Some(open);
        }
        let task = Reader { shared: Arc::downgrade(&self.0), begun: self.0.begun.clone() };
        self.0.runtime.spawn(task.run(answers, denied, closed));
        Ok(())
    }
}

fn is_open(reader: &Option<oneshot::Sender<Infallible>>) -> bool {
    reader.as_ref().is_some_and(|reader| !reader.is_closed())
}

/// A message that may not have been sent yet. Whoever gives up before that awaits nothing.
struct Unsent<'a> {
    shared: &'a Shared,
    token: u64,
}

impl Unsent<'_> {
    /// It is on its way, unless it was answered already.
    fn sent(self) {
        if let Some(awaited) = self.shared.lock().by_token.get_mut(&self.token) {
            awaited.is_sent = true;
        }
        std::mem::forget(self);
    }
}

impl Drop for Unsent<'_> {
    fn drop(&mut self) {
        self.shared.remove(self.token);
    }
}

/// Somebody who waits, for the verdict on what he publishes on these subjects.
pub(super) fn waiter(subjects: Vec<String>) -> (Box<dyn Awaiting>, impl Future<Output = Verdict> + Send) {
    let (verdict, answered) = oneshot::channel();
    let verdict_or_lost = answered.map(|answer| answer.unwrap_or_else(|gone| Verdict::Lost(gone.into())));
    (Box::new(Waiter { subjects, verdict }), verdict_or_lost)
}

struct Waiter {
    subjects: Vec<String>,
    verdict: oneshot::Sender<Verdict>,
}

impl Awaiting for Waiter {
    fn publishes_on(&self, subject: &str) -> bool {
        self.subjects.iter().any(|ours| ours == subject)
    }

    fn answered(self: Box<Self>, verdict: Verdict) {
        // Who doesn't wait any more has nothing to be told.
        self.verdict.send(verdict).ok();
    }
}

impl Shared {
    fn begin(&self, until: Instant, awaiting: Box<dyn Awaiting>) -> u64 {
        let mut awaited = self.lock();
        awaited.last += 1;
        let token = awaited.last;
        awaited.by_token.insert(token, Awaited { until, is_sent: false, awaiting });
        if std::mem::take(&mut awaited.unwatched) {
            self.begun.notify_one();
        }
        token
    }

    fn remove(&self, token: u64) -> Option<Awaited> {
        self.lock().by_token.remove(&token)
    }

    fn answer(&self, message: &Message) {
        let token = message.subject.rsplit('.').next().and_then(|token| token.parse().ok());
        // Whose time is up isn't awaited any more.
        if let Some(awaited) = token.and_then(|token| self.remove(token)) {
            awaited.awaiting.answered(Verdict::of(message));
        }
    }

    /// Tells those whom it concerns.
    fn deny(&self, denial: &Denial) {
        let hidden = self.is_hidden_by(denial);
        let concerned = |_: &u64, awaited: &mut Awaited| {
            hidden || (!denial.subscription && awaited.awaiting.publishes_on(&denial.subject))
        };
        let denied: Vec<_> = self.lock().by_token.extract_if(concerned).collect();
        for (_, awaited) in denied {
            awaited.awaiting.answered(Verdict::Denied(denial.clone()));
        }
    }

    /// Whether we may not read the answers.
    fn is_hidden_by(&self, denial: &Denial) -> bool {
        denial.subscription && denial.subject.starts_with(&self.inbox)
    }

    /// Tells those whose time is up, and returns whether somebody else waits.
    fn expire(&self) -> bool {
        let now = Instant::now();
        let mut awaited = self.lock();
        let is_late = |_: &u64, awaited: &mut Awaited| awaited.is_sent && awaited.until <= now;
        let late: Vec<_> = awaited.by_token.extract_if(is_late).collect();
        awaited.unwatched = awaited.by_token.is_empty();
        let watched = !awaited.unwatched;
        drop(awaited);
        for (_, awaited) in late {
            awaited.awaiting.answered(Verdict::Lost("the log gave no answer in time".into()));
        }
        watched
    }

    /// Whether it is there or not, a panic elsewhere hasn't changed it.
    fn reader(&self) -> MutexGuard<'_, Option<oneshot::Sender<Infallible>>> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A panic while the lock is held can't leave the map half-changed: entries are moved in and out.
    fn lock(&self) -> MutexGuard<'_, AllAwaited> {
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task that reads the answers.
struct Reader {
    shared: Weak<Shared>,
    begun: Arc<Notify>,
}

impl Reader {
    async fn run(
        self,
        mut answers: Subscriber,
        mut denied: Denied,
        mut closed: oneshot::Receiver<Infallible>,
    ) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut watching = true;
        loop {
            tokio::select! {
                biased;
                answer = answers.next() => {
                    let (Some(shared), Some(answer)) = (self.shared.upgrade(), answer) else { return };
                    shared.answer(&answer);
                    // They come in bursts.
                    while let Some(Some(answer)) = answers.next().now_or_never() {
                        shared.answer(&answer);
                    }
                }
                denial = denied.next() => {
                    let Some(shared) = self.shared.upgrade() else { return };
                    shared.deny(&denial);
                    if shared.is_hidden_by(&denial) {
                        // Whoever publishes next tries it again.
                        return;
                    }
                }
                _ = tick.tick(), if watching => {
                    let Some(shared) = self.shared.upgrade() else { return };
                    watching = shared.expire();
                }
                () = self.begun.notified(), if !watching => {
                    watching = true;
                    tick.reset();
                }
                _ = &mut closed => return,
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // Nobody will read what is answered now, for example because the runtime ends.
        if let Some(shared) = self.shared.upgrade() {
            let awaited = std::mem::take(&mut shared.lock().by_token);
            drop(awaited);
        }
    }
}
