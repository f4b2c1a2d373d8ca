use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::member::take;
use super::session::Session;
use super::view::View;
use super::{Lease, LeaseError, Leases, Loss, Member, Owner, assign};

/// One member's part of a group's partitions: all members share them evenly, and share again when one comes or goes.
///
/// # Example: a writer for each partition
///
/// ```no_run
/// use std::collections::HashMap;
/// use headwater_log::{Change, LeaseError, Leases};
///
/// # struct Writer;
/// # impl Writer {
/// #     fn start(_: u32, _: headwater_log::Lease) -> Self { Self }
/// #     async fn stop(self) {}
/// # }
/// # async fn example(leases: Leases) -> Result<(), LeaseError> {
/// let mut partitions = leases.share("delay-stats", 16, "http://10.0.0.7:8080").await?;
/// let mut writers = HashMap::new();
/// while let Some(change) = partitions.next().await {
///     match change? {
///         // The writer owns the lease, and so gives it back by ending.
///         Change::Take { partition, lease } => { writers.insert(partition, Writer::start(partition, lease)); }
///         Change::Give { partition } | Change::Lost { partition, .. } => {
///             if let Some(writer) = writers.remove(&partition) { writer.stop().await; }
///         }
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Partitions {
    changes: mpsc::UnboundedReceiver<Result<Change, LeaseError>>,
    owners: watch::Receiver<Vec<Option<Owner>>>,
    stop: CancellationToken,
    task: JoinHandle<Option<Arc<Session>>>,
}

/// What a member is told of its partitions.
#[derive(Debug)]
pub enum Change {
    /// This partition is the member's: start to write, with the lease's epoch. It comes again only after [`Give`](Self::Give) or
    /// [`Lost`](Self::Lost), or when its lease was dropped unasked.
    Take {
        /// The partition, from 0.
        partition: u32,
        /// Dropped after the last write, it gives the partition back.
        lease: Lease,
    },
    /// Another member should have this partition. Stop writing, and drop its lease; nobody else has it before that.
    Give {
        /// The partition.
        partition: u32,
    },
    /// Another member may have this partition by now, or soon. Stop writing at once, and drop its lease; before that, this member won't
    /// take the partition again.
    Lost {
        /// The partition.
        partition: u32,
        /// Why.
        loss: Loss,
    },
}

/// How many partitions a group may have: each member looks at all of them now and then.
pub(super) const COUNT_MAX: u32 = 1024;

/// How many leases are taken at a time.
const TAKEN_AT_ONCE: usize = 32;

impl Leases {
    /// Joins a group of members that share `count` partitions (at least 1, at the most 1,024), and goes on joining for ever when
    /// membership is lost. Others can read the payload, such as this instance's address.
    ///
    /// # Errors
    ///
    /// [`LeaseError`], when it can't join the first time.
    pub async fn share(
        &self,
        group: &str,
        count: u32,
        payload: impl Into<String>,
    ) -> Result<Partitions, LeaseError> {
        let (count, payload) = (count.clamp(1, COUNT_MAX), payload.into());
        let session = self.session(group, payload.clone(), Some(count)).await?;
        let (tell, changes) = mpsc::unbounded_channel();
        let (tell_owners, owners) = watch::channel(Vec::new());
        let stop = CancellationToken::new();
        let sharing = Sharing {
            leases: self.clone(),
            group: group.to_owned(),
            count,
            payload,
            tell,
            tell_owners,
            taken: BTreeMap::new(),
            stop: stop.clone(),
        };
        Ok(Partitions { changes, owners, stop, task: tokio::spawn(sharing.run(session)) })
    }
}

impl Partitions {
    /// Waits for the next change. After an error there is none.
    ///
    /// # Errors
    ///
    /// What another attempt won't change: [`LeaseError::OtherPartitions`], [`LeaseError::Denied`], [`LeaseError::Unfit`] and
    /// [`LeaseError::Refused`]. All other failures end by themselves.
    pub async fn next(&mut self) -> Option<Result<Change, LeaseError>> {
        self.changes.recv().await
    }

    /// Who has a partition, as it was seen last.
    #[must_use]
    pub fn owner(&self, partition: u32) -> Option<Owner> {
        self.owners.borrow().get(usize::try_from(partition).ok()?)?.clone()
    }

    /// Who has which partition, as it was seen last, and each time it changes.
    #[must_use]
    pub fn owners(&self) -> watch::Receiver<Vec<Option<Owner>>> {
        self.owners.clone()
    }

    /// Leaves the group, and waits until others can take what this member had. Stop writing first, and drop all leases: those that are
    /// there after the lease's time are ended.
    pub async fn leave(self) {
        let Self { changes, stop, task, .. } = self;
        stop.cancel();
        // What was taken and not handed out is given back.
        drop(changes);
        if let Ok(Some(session)) = task.await {
            Member::new(session).leave().await;
        }
    }
}

impl fmt::Debug for Partitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partitions").field("owners", &*self.owners.borrow()).finish_non_exhaustive()
    }
}

/// The task that takes, asks for, and tells.
struct Sharing {
    leases: Leases,
    group: String,
    count: u32,
    payload: String,
    tell: mpsc::UnboundedSender<Result<Change, LeaseError>>,
    tell_owners: watch::Sender<Vec<Option<Owner>>>,
    /// What was handed out, in this session or in an earlier one.
    taken: BTreeMap<u32, Taken>,
    stop: CancellationToken,
}

/// A lease that was handed out.
struct Taken {
    token: Weak<()>,
    told_to_stop: bool,
}

impl Taken {
    /// Whether somebody has the lease.
    fn is_there(&self) -> bool {
        self.token.strong_count() > 0
    }
}

impl Sharing {
    async fn run(mut self, mut session: Arc<Session>) -> Option<Arc<Session>> {
        let (stop, tell) = (self.stop.clone(), self.tell.clone());
        loop {
            let served = tokio::select! {
                biased;
                () = stop.cancelled() => return Some(session),
                () = tell.closed() => return Some(session),
                loss = session.core.lost() => Ok(loss),
                error = self.serve(&session) => Err(error),
            };
            match served {
                Err(error) if !error.is_lost() => {
                    self.tell.send(Err(error)).ok();
                    return Some(session);
                }
                _ => self.tell_lost(session.core.loss().unwrap_or(Loss::Expired)),
            }
            session = tokio::select! {
                biased;
                () = stop.cancelled() => return Some(session),
                () = tell.closed() => return Some(session),
                joined = self.join_again() => match joined {
                    Ok(session) => session,
                    Err(error) => {
                        self.tell.send(Err(error)).ok();
                        return Some(session);
                    }
                },
            };
        }
    }

    /// Shares until it can't go on.
    async fn serve(&mut self, session: &Arc<Session>) -> LeaseError {
        let mut changes = session.core.view();
        // Those that start together should see each other first, and not give away what they have just taken.
        let from = Instant::now() + session.core.config.look_every();
        loop {
            let view = changes.borrow_and_update().clone();
            if view.looks > 0 {
                match self.share(session, view, Instant::now() >= from).await {
                    Ok(()) => {}
                    Err(error) if error.is_unavailable() => {
                        tracing::debug!(group = self.group, %error, "partitions are taken later");
                    }
                    Err(error) => return error,
                }
            }
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// One step towards even shares.
    async fn share(&mut self, session: &Arc<Session>, view: View, may_take: bool) -> Result<(), LeaseError> {
        let core = &session.core;
        // Whoever noticed the end before us has dropped its lease, and is told all the same.
        if let Some(loss) = core.loss() {
            return Err(core.lost_error(loss));
        }
        self.taken.retain(|_, taken| taken.is_there());
        let agreed = self.check_count(session, &view)?;
        let owners: Vec<_> =
            (0..self.count).map(|partition| view.owner(&name(partition), core.created)).collect();
        self.tell_owners.send_if_modified(|known| {
            let changed = *known != owners;
            if changed {
                known.clone_from(&owners);
            }
            changed
        });
        // We know best what is ours.
        let owner = |(partition, owner): (u32, Option<Owner>)| match self.taken.contains_key(&partition) {
            true => Some(core.id.clone()),
            false => owner.map(|owner| owner.member).filter(|member| *member != core.id),
        };
        let owners: Vec<_> = (0..).zip(owners).map(owner).collect();
        let shares =
            |(_, record): &(&str, &super::record::MemberRecord)| record.partitions == Some(self.count);
        let mut members: BTreeSet<_> = view.living().filter(shares).map(|(id, _)| id.to_owned()).collect();
        members.insert(core.id.clone());
        let ours: BTreeSet<u32> = (0..)
            .zip(assign(&members, &owners))
            .filter_map(|(partition, member)| (member.as_ref() == Some(&core.id)).then_some(partition))
            .collect();

        for (&partition, taken) in &mut self.taken {
            if !taken.told_to_stop && !ours.contains(&partition) {
                taken.told_to_stop = true;
                self.tell.send(Ok(Change::Give { partition })).ok();
            }
        }
        if !agreed || !may_take {
            return Ok(());
        }
        // What is ours by the bucket, and was never handed out, too: the answer to an attempt was lost.
        let lost = |partition: &u32| {
            view.leases.get(&name(*partition)).is_some_and(|l| l.holder.as_ref() == Some(&core.id))
        };
        let wanted: Vec<_> = (0..self.count)
            .filter(|partition| !self.taken.contains_key(partition))
            .filter(|partition| {
                lost(partition) || (ours.contains(partition) && core.free(&view, &name(*partition)).is_some())
            })
            .collect();
        self.take_all(session, wanted).await
    }

    async fn take_all(&mut self, session: &Arc<Session>, wanted: Vec<u32>) -> Result<(), LeaseError> {
        let takes = wanted.into_iter().map(|partition| async move {
            let lease = take(session, &name(partition)).await;
            (partition, lease)
        });
        let mut failed = Ok(());
        let mut takes = stream::iter(takes).buffer_unordered(TAKEN_AT_ONCE);
        while let Some((partition, lease)) = takes.next().await {
            match lease {
                Ok(Some(lease)) => {
                    self.taken.insert(partition, Taken { token: lease.token(), told_to_stop: false });
                    self.tell.send(Ok(Change::Take { partition, lease })).ok();
                }
                Ok(None) => {}
                Err(error) => failed = Err(error),
            }
        }
        failed
    }

    /// Whether all that run agree in how many partitions there are. Whoever came later is wrong.
    fn check_count(&self, session: &Arc<Session>, view: &View) -> Result<bool, LeaseError> {
        let mut agreed = true;
        for (id, record) in view.living() {
            let Some(theirs) = record.partitions.filter(|&theirs| theirs != self.count) else { continue };
            agreed = false;
            let member = &view.members[id];
            // One that was never seen to renew may be dead.
            if member.beats && record.joined.unwrap_or(member.sequence) < session.core.joined() {
                return Err(LeaseError::OtherPartitions {
                    group: self.group.clone(),
                    ours: self.count,
                    theirs,
                });
            }
        }
        Ok(agreed)
    }

    fn tell_lost(&mut self, loss: Loss) {
        for (&partition, taken) in &mut self.taken {
            taken.told_to_stop = true;
            self.tell.send(Ok(Change::Lost { partition, loss })).ok();
        }
        self.tell_owners.send_replace(Vec::new());
    }

    /// Joins again, as often as it takes.
    async fn join_again(&self) -> Result<Arc<Session>, LeaseError> {
        loop {
            match self.leases.session(&self.group, self.payload.clone(), Some(self.count)).await {
                Err(error) if error.is_unavailable() => {
                    tracing::warn!(group = self.group, %error, "the group can't be joined, for now");
                    sleep(Duration::from_secs(1)).await;
                }
                joined => return joined,
            }
        }
    }
}

/// A partition's lease.
fn name(partition: u32) -> String {
    partition.to_string()
}
