use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore};

use super::failure::Failure;
use super::io_thread::IoThread;
use super::pool::Pool;
use super::retry::Retry;
use super::site::Site;
use super::snapshot::{PostgresSnapshot, Reader};
use super::writer::Writer;
use super::{PostgresConfig, schema};
use crate::{Snapshot, Store, StoreError, Write};

/// A store in a schema of a PostgreSQL database, whose tables other services read.
///
/// Each table of the projection is a table of SQL, with a `key` and its `value` as jsonb. What SQL can't hold, the
/// checkpoint and the indexes are in tables whose names begin with `headwater_`. A commit is a transaction, and durable.
///
/// One process writes: the session that has the schema's advisory lock. It must reach the database itself, not through
/// a pooler that shares connections between transactions. Should the lock be lost and another process take over, the first
/// one can't commit any more. While the database is away, commits and reads wait for it, as patiently as the configuration
/// says; a commit whose answer is lost takes effect once.
pub struct PostgresStore {
    site: Arc<Site>,
    reader: Arc<Reader>,
    /// What the one that commits reads with: no reader can use it up.
    own: Arc<Reader>,
    writer: Arc<Mutex<Writer>>,
}

/// How long a store that is in use is waited for: its last process may be about to end.
const IN_USE_LIMIT: Duration = Duration::from_secs(2);

impl PostgresStore {
    /// Opens the store in `schema`, and creates it if nothing is there.
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`] when another process has it open, [`StoreError::Foreign`] when something else is in the
    /// schema, and [`StoreError::Failed`] with a [`PostgresStoreError`](super::PostgresStoreError) for all else.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use headwater_subscriber::{PostgresConfig, PostgresStore, Store};
    ///
    /// # fn open() -> Result<(), Box<dyn std::error::Error>> {
    /// let config: PostgresConfig = std::env::var("HEADWATER_POSTGRES_URL")?.parse()?;
    /// let store = PostgresStore::connect(&config, "departure-board")?;
    /// let checkpoint = store.snapshot()?.get(b"\0checkpoint\0flights")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect(config: &PostgresConfig, schema: &str) -> Result<Arc<dyn Store>, StoreError> {
        Ok(Arc::new(Self::open(Site::new(config, schema)?)?))
    }

    pub(super) fn open(site: Site) -> Result<Self, StoreError> {
        let reader = reader(site)?;
        Self::take_over(reader, IN_USE_LIMIT)
    }

    /// Opens the store if it is there, at once or not at all.
    pub(super) fn open_existing(site: Site) -> Result<Option<Self>, StoreError> {
        let reader = reader(site)?;
        let is_made = reader.io.run(is_made(Arc::clone(&reader)))??;
        is_made.then(|| Self::take_over(reader, Duration::ZERO)).transpose()
    }

    fn take_over(reader: Arc<Reader>, in_use_limit: Duration) -> Result<Self, StoreError> {
        let site = Arc::clone(reader.pool.site());
        let writer = reader.io.run(Writer::take_over(Arc::clone(&site), in_use_limit))??;
        // The one that commits takes as many snapshots at once as it needs, and ends each soon.
        let pool = Pool::new(Arc::clone(&site), Semaphore::MAX_PERMITS);
        let own = Arc::new(Reader { io: Arc::clone(&reader.io), pool });
        Ok(Self { site, reader, own, writer: Arc::new(Mutex::new(writer)) })
    }
}

fn reader(site: Site) -> Result<Arc<Reader>, StoreError> {
    let (io, snapshots_max) = (Arc::new(IoThread::start()?), site.config.snapshots_max);
    Ok(Arc::new(Reader { io, pool: Pool::new(Arc::new(site), snapshots_max) }))
}

async fn is_made(reader: Arc<Reader>) -> Result<bool, StoreError> {
    let site = reader.pool.site();
    let mut retry = Retry::within(site.config.patience);
    loop {
        let looked = async {
            let session = reader.pool.session().await?;
            let made = schema::is_made(&session, site).await?;
            reader.pool.give_back(session).await;
            Ok(made)
        };
        match looked.await {
            Ok(made) => return Ok(made),
            Err(Failure::Lost(_)) if retry.pause().await => {}
            Err(failure) => return Err(failure.into_error(&site.place, retry.waited())),
        }
    }
}

impl Store for PostgresStore {
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        Ok(Arc::new(PostgresSnapshot::take(&self.reader)?))
    }

    fn snapshot_of_writer(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        Ok(Arc::new(PostgresSnapshot::take(&self.own)?))
    }

    fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        if writes.is_empty() {
            return Ok(());
        }
        let writer = Arc::clone(&self.writer);
        self.reader.io.run(async move { writer.lock().await.commit(writes).await })?
    }

    /// Each commit is durable.
    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Drop for PostgresStore {
    /// The next one needn't wait until the server notices that this one is gone.
    fn drop(&mut self) {
        let writer = Arc::clone(&self.writer);
        self.reader.io.run(async move { writer.lock().await.close().await }).ok();
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("place", &self.site.place).finish_non_exhaustive()
    }
}
