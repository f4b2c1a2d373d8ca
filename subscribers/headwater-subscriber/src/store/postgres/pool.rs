use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::PostgresStoreError;
use super::failure::Failure;
use super::session::Session;
use super::site::Site;

/// The connections on which snapshots are read.
pub(super) struct Pool {
    site: Arc<Site>,
    idle: Mutex<Vec<Session>>,
    permits: Arc<Semaphore>,
}

impl Pool {
    /// For so many snapshots at once.
    pub(super) fn new(site: Arc<Site>, snapshots_max: usize) -> Self {
        Self { site, idle: Mutex::default(), permits: Arc::new(Semaphore::new(snapshots_max)) }
    }

    pub(super) fn site(&self) -> &Arc<Site> {
        &self.site
    }

    /// Waits until there may be one more snapshot.
    pub(super) async fn permit(&self) -> Result<OwnedSemaphorePermit, PostgresStoreError> {
        let waited = self.site.config.patience;
        match timeout(waited, Arc::clone(&self.permits).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(PostgresStoreError::Snapshots {
                place: self.site.place.clone(),
                max: self.site.config.snapshots_max,
                waited,
            }),
        }
    }

    /// A connection that nobody uses, or a new one.
    pub(super) async fn session(&self) -> Result<Session, Failure> {
        let idle = self.idle().pop();
        match idle {
            Some(session) => Ok(session),
            None => Session::open(&self.site, self.site.config.snapshot_age_max).await,
        }
    }

    /// Ends a snapshot, and keeps its connection for the next one.
    pub(super) async fn give_back(&self, session: Session) {
        if session.simple("ROLLBACK").await.is_ok() {
            self.idle().push(session);
        }
    }

    /// Forgets connections that are most likely as dead as one that was just lost.
    pub(super) fn forget_idle(&self) {
        self.idle().clear();
    }

    /// A panic elsewhere can't leave the list half-changed.
    fn idle(&self) -> MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
