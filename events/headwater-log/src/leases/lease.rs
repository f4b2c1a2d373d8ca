use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Instant;

use super::belief::Belief;
use super::session::Session;
use super::{LeaseError, Loss};

/// What only one member of a group has at a time, until it is dropped.
///
/// **Who writes under a lease does two things.** It asks [`is_held`](Self::is_held) before each write, and it hands the
/// [`epoch`](Self::epoch) to what it writes to, which refuses an epoch that is lower than the highest it has seen. The first keeps two
/// writers apart as long as clocks run and writes are short. Only the second holds for a process that stood still between the question and the
/// write (Kleppmann, "How to do distributed locking", 2016: the epoch is his fencing token).
///
/// Dropping it gives it back, so it must be dropped after the last write: let whoever writes own it, or a clone of an `Arc` of it.
pub struct Lease {
    name: String,
    sequence: u64,
    session: Arc<Session>,
    /// Whether it is given back by [`release`](Self::release), and so not when it is dropped.
    released: bool,
    /// Lives as long as this.
    token: Arc<()>,
}

impl Lease {
    pub(super) fn new(name: String, sequence: u64, session: Arc<Session>) -> Self {
        Self { name, sequence, session, released: false, token: Arc::new(()) }
    }

    /// By it others know whether this is still there.
    pub(super) fn token(&self) -> Weak<()> {
        Arc::downgrade(&self.token)
    }

    /// What is leased.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A number that is higher than that of each earlier lease of this name: some 10^15, below 2^53.
    ///
    /// It is the time at which the bucket was made, in microseconds, plus the sequence of the record with which the lease was taken. So it
    /// rises also over records that were deleted, and over a bucket that was removed and made anew, if the servers' clocks weren't set
    /// back between the two.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.session.core.created.saturating_add(self.sequence)
    }

    /// The id of the member that has it, as others see it.
    #[must_use]
    pub fn member(&self) -> &str {
        &self.session.core.id
    }

    /// Whether nobody else can have it, by this process's clocks, now. Once false, it stays false.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.session.core.loss().is_none()
    }

    /// Until when it is held if it isn't renewed; none when it is over. For another quarter of the lease's time nobody else can have it.
    #[must_use]
    pub fn held_until(&self) -> Option<Instant> {
        match self.session.core.belief() {
            Belief::Held(expiry) => Some(expiry.at),
            Belief::Over(_) => None,
        }
    }

    /// Waits until it is over, and tells why.
    pub async fn lost(&self) -> Loss {
        self.session.core.lost().await
    }

    /// Gives it back, and waits until others can take it.
    ///
    /// # Errors
    ///
    /// [`LeaseError`] when it is over already, or when the broker doesn't answer: then it is free later, when it isn't renewed.
    pub async fn release(mut self) -> Result<(), LeaseError> {
        self.released = true;
        let released = self.session.core.release(&self.name, self.sequence).await;
        self.session.core.names().remove(&self.name);
        released
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.released {
            return;
        }
        let (session, name, sequence) = (self.session.clone(), std::mem::take(&mut self.name), self.sequence);
        let runtime = session.core.runtime.clone();
        runtime.spawn(async move {
            if let Err(error) = session.core.release(&name, sequence).await {
                tracing::debug!(lease = name, %error, "a lease is not given back, and ends by itself");
            }
            session.core.names().remove(&name);
        });
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Lease");
        debug.field("name", &self.name).field("epoch", &self.epoch()).field("held", &self.is_held()).finish()
    }
}
