use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use bytes::Bytes;
use futures::StreamExt as _;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::belief::{Belief, Expiry};
use super::record::{BEAT, Keys, LeaseRecord, MemberRecord, dead, is_deleted, released};
use super::view::View;
use super::{LeaseConfig, LeaseError, Loss};
use crate::retry::Backoff;
use crate::side_stream::{Entry, Failure, SideStream, Stored};

/// A member's time in its group, from joining to the end. Its tasks run until it is dropped, or lost.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) core: Arc<Core>,
    ended: CancellationToken,
}

/// What a session's tasks and its leases share.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) stream: SideStream,
    pub(super) config: LeaseConfig,
    pub(super) group: String,
    pub(super) keys: Keys,
    pub(super) id: String,
    pub(super) runtime: Handle,
    /// When the bucket was made, in microseconds since 1970 by the servers' clock.
    pub(super) created: u64,
    record: MemberRecord,
    /// The sequence of the member's last record.
    own: AtomicU64,
    belief: watch::Sender<Belief>,
    view: watch::Sender<View>,
    /// The names of the leases that are held, or may be, with the sequences of their records; 0 while they are taken or released.
    names: Mutex<HashMap<String, u64>>,
    /// Cancelled when the member's record says that it has left, or nobody could be told.
    gone: CancellationToken,
}

/// The largest record of a member, in bytes: it is sent with each renewal, and read by all.
pub(super) const PAYLOAD_BYTES_MAX: usize = 1024;

/// How many records are read with one request, and how many bytes.
const PAGE: (usize, usize) = (1000, 4 * 1024 * 1024);

/// How long after a hint the group is looked at: the hint comes when a record is sent, and not when it is stored.
const HINTED_AFTER: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(100)];

impl Session {
    /// Joins the group under a new id, within `patience`.
    pub(super) async fn join(
        stream: SideStream,
        config: LeaseConfig,
        group: &str,
        payload: String,
        partitions: Option<u32>,
        created: u64,
        patience: Duration,
    ) -> Result<Arc<Self>, LeaseError> {
        let inbox = stream.client.new_inbox();
        let id = inbox.rsplit('.').next().unwrap_or(&inbox).to_owned();
        let lease_ms = u64::try_from(config.time.as_millis()).unwrap_or(u64::MAX);
        let mut record = MemberRecord { payload, lease_ms, partitions, joined: None };
        let keys = Keys::new(group);
        let subject = keys.member(&id);

        let mut backoff = Backoff::within(patience);
        let first = Expiry::after(config.believed());
        let (expiry, entry) = loop {
            let expiry = Expiry::after(config.believed());
            let stored = stream.store(&subject, HeaderMap::new(), json(&record), Some(0)).await;
            // The leader says when it was stored.
            let failure = match (stored, stream.last(&subject).await) {
                (Ok(Stored::At(_)), Ok(Some(entry))) => break (expiry, entry),
                // It was stored by an earlier attempt, whose answer was lost: perhaps the first one.
                (Ok(Stored::Conflict), Ok(Some(entry))) => break (first, entry),
                (Ok(_), Ok(None)) => Failure::unavailable("what was stored isn't there"),
                (Err(failure), _) | (_, Err(failure)) => failure,
            };
            match failure {
                Failure::Unavailable(error) if backoff.wait().await => {
                    tracing::debug!(group, %error, "joining the group again");
                }
                failure => return Err(LeaseError::of(failure, group)),
            }
        };
        record.joined = Some(entry.sequence);
        let belief = if is_deleted(&entry) { Belief::Over(Loss::DeclaredDead) } else { Belief::Held(expiry) };
        let core = Arc::new(Core {
            stream,
            config,
            group: group.to_owned(),
            keys,
            id,
            runtime: Handle::current(),
            created,
            record,
            own: AtomicU64::new(entry.sequence),
            belief: watch::Sender::new(belief),
            view: watch::Sender::new(View::new(Instant::now())),
            names: Mutex::default(),
            gone: CancellationToken::new(),
        });
        let ended = CancellationToken::new();
        tokio::spawn(core.clone().renew(ended.clone()));
        tokio::spawn(core.clone().watch());
        Ok(Arc::new(Self { core, ended }))
    }

    /// Leaves: nothing is held any more from now on, and others are told. Waits until they are.
    pub(super) async fn leave(&self) {
        self.ended.cancel();
        self.core.gone.cancelled().await;
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.ended.cancel();
    }
}

impl Core {
    /// What the member may believe now.
    pub(super) fn belief(&self) -> Belief {
        self.belief.send_if_modified(Belief::settle);
        *self.belief.borrow()
    }

    /// Why it is over, if it is.
    pub(super) fn loss(&self) -> Option<Loss> {
        match self.belief() {
            Belief::Held(_) => None,
            Belief::Over(loss) => Some(loss),
        }
    }

    /// Waits until it is over.
    pub(super) async fn lost(&self) -> Loss {
        let mut changes = self.belief.subscribe();
        loop {
            match self.belief() {
                Belief::Over(loss) => return loss,
                Belief::Held(expiry) => {
                    changes.mark_unchanged();
                    // The wall clock may get there first; it is looked at with each renewal, and whenever somebody asks.
                    timeout(expiry.at.saturating_duration_since(Instant::now()), changes.changed())
                        .await
                        .ok();
                }
            }
        }
    }

    pub(super) fn view(&self) -> watch::Receiver<View> {
        self.view.subscribe()
    }

    pub(super) fn names(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn joined(&self) -> u64 {
        self.record.joined.unwrap_or(0)
    }

    pub(super) fn lost_error(&self, loss: Loss) -> LeaseError {
        LeaseError::Lost { group: self.group.clone(), loss }
    }

    /// Whether nobody has the lease, and the sequence of its record.
    pub(super) fn free(&self, view: &View, name: &str) -> Option<u64> {
        view.free(name, Instant::now(), self.config.time)
    }

    /// Takes a lease that was seen to be free, with the sequence of its record. None when somebody was first.
    pub(super) async fn take(&self, name: &str, seen: u64) -> Result<Option<u64>, LeaseError> {
        let taken = self.try_take(name, seen).await;
        if let Err(Failure::Unavailable(error)) = &taken {
            tracing::debug!(group = self.group, lease = name, %error, "a lease may have been taken, or not");
        }
        taken.map_err(|failure| LeaseError::of(failure, &self.group))
    }

    async fn try_take(&self, name: &str, seen: u64) -> Result<Option<u64>, Failure> {
        let record = json(&LeaseRecord { holder: self.id.clone() });
        let stored = self.stream.store(&self.keys.lease(name), HeaderMap::new(), record, Some(seen)).await?;
        let Stored::At(sequence) = stored else { return Ok(None) };
        // In a bucket that was made anew meanwhile the sequence would make an epoch that there was before.
        let info = self.stream.info().await?;
        let same = info.is_some_and(|info| created(&info) == self.created);
        if !same {
            self.end(Loss::BucketGone);
        }
        if same {
            self.names().insert(name.to_owned(), sequence);
        }
        Ok(same.then_some(sequence))
    }

    /// Gives a lease back, unless it has another holder; tried as long as the member has any leases.
    pub(super) async fn release(&self, name: &str, sequence: u64) -> Result<(), LeaseError> {
        let mut backoff = Backoff::within(self.config.time);
        self.names().insert(name.to_owned(), 0);
        loop {
            if let Some(loss) = self.loss() {
                return Err(self.lost_error(loss));
            }
            let subject = self.keys.lease(name);
            match self.stream.store(&subject, released(), Bytes::new(), Some(sequence)).await {
                // With another sequence it isn't ours any more: an answer was lost, or somebody has removed it.
                Ok(_) => return Ok(()),
                Err(Failure::Unavailable(error)) if backoff.wait().await => {
                    tracing::debug!(group = self.group, lease = name, %error, "giving the lease back again");
                }
                Err(failure) => return Err(LeaseError::of(failure, &self.group)),
            }
        }
    }

    /// Renews until the session ends, or can't.
    async fn renew(self: Arc<Self>, ended: CancellationToken) {
        let mut pause = self.config.beat_every();
        loop {
            tokio::select! {
                biased;
                () = ended.cancelled() => self.end(Loss::Left),
                _ = timeout(pause, self.lost()) => {}
            }
            let Some(loss) = self.loss() else {
                pause = match self.beat().await {
                    Ok(()) => self.config.beat_every(),
                    Err(failure) => {
                        tracing::debug!(group = self.group, member = self.id, ?failure, "not renewed");
                        self.config.beat_every() / 4
                    }
                };
                continue;
            };
            if loss != Loss::Left {
                tracing::warn!(
                    group = self.group,
                    member = self.id,
                    "the member has lost its leases: {loss}"
                );
            }
            // Who has looked at the clock just before the end may still write.
            if !self.names().is_empty() {
                sleep(self.config.margin()).await;
            }
            self.tell_the_end().await;
            self.gone.cancel();
            return;
        }
    }

    /// Renews all leases at once.
    async fn beat(&self) -> Result<(), Failure> {
        let expiry = Expiry::after(self.config.believed());
        let (subject, own) = (self.keys.member(&self.id), self.own.load(Ordering::Relaxed));
        let mut headers = HeaderMap::new();
        headers.insert(BEAT, "1");
        match self.stream.store(&subject, headers, json(&self.record), Some(own)).await? {
            Stored::At(sequence) => {
                self.own.store(sequence, Ordering::Relaxed);
                self.belief.send_if_modified(|belief| {
                    belief.settle();
                    let held = matches!(belief, Belief::Held(_));
                    if held {
                        *belief = Belief::Held(expiry);
                    }
                    held
                });
                Ok(())
            }
            // Nobody else writes here, but to declare us dead: or it was ours, and its answer was lost.
            Stored::Conflict => match self.stream.last(&subject).await? {
                Some(entry) if !is_deleted(&entry) && entry.sequence > own => {
                    self.own.store(entry.sequence, Ordering::Relaxed);
                    Err(Failure::unavailable("an earlier renewal was stored without an answer"))
                }
                // What an old leader says is too old.
                Some(entry) if !is_deleted(&entry) => Err(Failure::unavailable("an old leader answers")),
                Some(_) => {
                    self.end(Loss::DeclaredDead);
                    Ok(())
                }
                None => {
                    self.end(Loss::BucketGone);
                    Ok(())
                }
            },
        }
    }

    fn end(&self, loss: Loss) {
        self.belief.send_if_modified(|belief| {
            let held = matches!(belief, Belief::Held(_));
            if held {
                *belief = Belief::Over(loss);
            }
            held
        });
    }

    /// Declares itself dead, so that nobody has to wait for it: after that all its leases are free.
    async fn tell_the_end(&self) {
        let subject = self.keys.member(&self.id);
        let mut backoff = Backoff::within(self.config.time);
        loop {
            let own = self.own.load(Ordering::Relaxed);
            let told = match self.stream.store(&subject, dead(), Bytes::new(), Some(own)).await {
                Ok(Stored::At(_)) => return,
                Ok(Stored::Conflict) => self.stream.last(&subject).await,
                Err(failure) => Err(failure),
            };
            match told {
                Ok(Some(entry)) if !is_deleted(&entry) => self.own.store(entry.sequence, Ordering::Relaxed),
                Ok(_) => return,
                Err(failure) => {
                    tracing::debug!(group = self.group, member = self.id, ?failure, "the end is not told");
                }
            }
            if !backoff.wait().await {
                return;
            }
        }
    }

    /// Looks at the group now and then, at once when there are news, and declares dead who was silent for too long.
    async fn watch(self: Arc<Self>) {
        // A plain subscription: what is sent to the bucket is also sent to whoever listens, with no consumer. Where it isn't allowed,
        // news are a little older.
        let mut hints = self.stream.client.subscribe(self.keys.all()).await.ok();
        while self.loss().is_none() {
            if let Err(failure) = self.look().await {
                tracing::debug!(group = self.group, ?failure, "the group can't be looked at");
            }
            self.declare_dead().await;
            let hinted = async {
                match &mut hints {
                    Some(hints) => news(hints).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = self.lost() => {}
                () = sleep(self.config.look_every()) => {}
                () = hinted => {
                    for delay in HINTED_AFTER {
                        sleep(delay).await;
                        self.look().await.ok();
                    }
                }
            }
        }
    }

    /// Looks at the group.
    pub(super) async fn look(&self) -> Result<(), Failure> {
        let entries = read(&self.stream, &self.keys).await?;
        let now = Instant::now();
        self.view.send_modify(|view| view.merge(&self.keys, &entries, now, self.config.time));
        // Somebody may have removed the record of a lease, and then others can take it.
        let kept = {
            let (view, names) = (self.view.borrow(), self.names());
            names.iter().all(|(name, &sequence)| sequence == 0 || view.keeps(name, sequence))
        };
        if !kept {
            self.end(Loss::BucketGone);
        }
        Ok(())
    }

    async fn declare_dead(&self) {
        let silent = self.view.borrow().silent(Instant::now());
        for (id, sequence) in silent.into_iter().filter(|(id, _)| *id != self.id) {
            let subject = self.keys.member(&id);
            // Only if it is as silent as it seems: its next renewal has another sequence.
            let last = match self.stream.store(&subject, dead(), Bytes::new(), Some(sequence)).await {
                Ok(Stored::At(_)) => {
                    tracing::info!(group = self.group, member = id, "a silent member is declared dead");
                    self.stream.last(&subject).await
                }
                Ok(Stored::Conflict) => self.stream.last(&subject).await,
                Err(failure) => Err(failure),
            };
            match last {
                Ok(Some(entry)) => {
                    let (now, time) = (Instant::now(), self.config.time);
                    self.view.send_modify(|view| view.see_member(&id, &entry, now, time));
                }
                Ok(None) => {}
                Err(failure) => {
                    tracing::debug!(group = self.group, member = id, ?failure, "not declared dead");
                }
            }
        }
    }
}

/// All records of a group, as one server has them.
pub(super) async fn read(stream: &SideStream, keys: &Keys) -> Result<Vec<Entry>, Failure> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let from = entries.last().map_or(1, |last| last.sequence + 1);
        let (page, more) = stream.page(&keys.all(), from, PAGE.0, PAGE.1).await?;
        let empty = page.is_empty();
        entries.extend(page);
        if !more || empty {
            return Ok(entries);
        }
    }
}

/// Waits for something other than a renewal.
async fn news(hints: &mut async_nats::Subscriber) {
    loop {
        match hints.next().await {
            Some(hint) if hint.headers.as_ref().is_some_and(|headers| headers.get(BEAT).is_some()) => {}
            Some(_) => return,
            None => std::future::pending().await,
        }
    }
}

/// When a stream was made, in microseconds since 1970.
pub(super) fn created(info: &async_nats::jetstream::stream::Info) -> u64 {
    u64::try_from(info.created.unix_timestamp_nanos() / 1000).unwrap_or(0)
}

fn json(record: &impl serde::Serialize) -> Bytes {
    // Strings and numbers always are JSON.
    serde_json::to_vec(record).unwrap_or_default().into()
}
