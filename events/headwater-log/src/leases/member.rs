use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use super::record::is_name;
use super::session::Session;
use super::{Lease, LeaseError, Loss, Owner};

/// One instance of a service among those that share something: what has leases, and renews them.
///
/// All its leases live and end together. Dropping it and its leases leaves the group; [`leave`](Self::leave) waits for that.
#[derive(Debug)]
pub struct Member {
    session: Arc<Session>,
}

impl Member {
    pub(super) fn new(session: Arc<Session>) -> Self {
        Self { session }
    }

    /// Its id, which no other member ever has.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.session.core.id
    }

    /// Waits for a lease until it is free, without end: a dead holder's lease is free soon after its time.
    ///
    /// # Errors
    ///
    /// [`LeaseError::Name`], [`LeaseError::Denied`], [`LeaseError::Refused`], and [`LeaseError::Lost`] when this member is lost meanwhile.
    pub async fn acquire(&self, name: &str) -> Result<Lease, LeaseError> {
        let mut changes = self.session.core.view();
        loop {
            changes.mark_unchanged();
            match self.try_acquire(name).await {
                Ok(Some(lease)) => return Ok(lease),
                Err(error) if !error.is_unavailable() => return Err(error),
                Ok(None) | Err(_) => {}
            }
            let looked = timeout(self.session.core.config.time, changes.changed());
            tokio::select! {
                loss = self.session.core.lost() => return Err(self.session.core.lost_error(loss)),
                _ = looked => {}
            }
        }
    }

    /// Takes a lease if it is known to be free. None when it isn't, also when it is this member's own. A name that was never used is known to
    /// be free when the member has been there for a lease's time.
    ///
    /// # Errors
    ///
    /// [`LeaseError`], as [`acquire`](Self::acquire), and [`LeaseError::Unavailable`].
    pub async fn try_acquire(&self, name: &str) -> Result<Option<Lease>, LeaseError> {
        if !is_name(name) {
            return Err(LeaseError::Name { name: name.to_owned() });
        }
        let core = &self.session.core;
        if let Some(loss) = core.loss() {
            return Err(core.lost_error(loss));
        }
        core.look().await.map_err(|failure| LeaseError::of(failure, &core.group))?;
        take(&self.session, name).await
    }

    /// Who has the lease, as it was seen last.
    #[must_use]
    pub fn owner(&self, name: &str) -> Option<Owner> {
        self.session.core.view().borrow().owner(name, self.session.core.created)
    }

    /// Waits until the member is lost, and tells why.
    pub async fn lost(&self) -> Loss {
        self.session.core.lost().await
    }

    /// Leaves the group, and waits until others can take its leases. Leases that are still there after the lease's time are ended.
    pub async fn leave(self) {
        let until = Instant::now() + self.session.core.config.time;
        let released = async {
            // Each lease has its share of the session.
            while Arc::strong_count(&self.session) > 1 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout_at(until, released).await.ok();
        self.session.leave().await;
    }
}

/// Takes a lease that is free as the group was seen last.
pub(super) async fn take(session: &Arc<Session>, name: &str) -> Result<Option<Lease>, LeaseError> {
    let core = &session.core;
    if let Some(loss) = core.loss() {
        return Err(core.lost_error(loss));
    }
    let free = {
        let view = core.view();
        let view = view.borrow();
        // It may be our own, and nobody knows: the answer to an attempt was lost.
        let own = view.leases.get(name).filter(|lease| lease.holder.as_ref() == Some(&core.id));
        own.map(|lease| lease.sequence).or_else(|| core.free(&view, name))
    };
    let Some(seen) = free else { return Ok(None) };
    match core.names().entry(name.to_owned()) {
        Entry::Occupied(_) => return Ok(None),
        Entry::Vacant(entry) => entry.insert(0),
    };
    // Whoever stops waiting here leaves no trace: neither a name that is never taken again, nor a lease that is renewed for nobody.
    let (session, name) = (session.clone(), name.to_owned());
    let taking = session.core.runtime.clone().spawn(async move {
        match session.core.take(&name, seen).await {
            Ok(Some(sequence)) => Ok(Some(Lease::new(name, sequence, session))),
            other => {
                session.core.names().remove(&name);
                other.map(|_| None)
            }
        }
    });
    match taking.await {
        Ok(taken) => taken,
        Err(source) => Err(LeaseError::Unavailable { group: core.group.clone(), source: source.into() }),
    }
}
