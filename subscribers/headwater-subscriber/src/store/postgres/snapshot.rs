use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Mutex, OwnedSemaphorePermit};

use super::PostgresStoreError;
use super::failure::Failure;
use super::fence::Fence;
use super::io_thread::IoThread;
use super::layout::{Slot, slot};
use super::pages::Pages;
use super::pool::Pool;
use super::query::Query;
use super::retry::Retry;
use super::session::Session;
use crate::{Entries, Entry, Order, Snapshot, StoreError};

/// A state of a store: a transaction that only reads.
pub(super) struct PostgresSnapshot {
    pub(super) reading: Arc<Reading>,
}

/// Where snapshots are read.
pub(super) struct Reader {
    pub(super) io: Arc<IoThread>,
    pub(super) pool: Pool,
}

/// The transaction of a snapshot, which its iterators share.
pub(super) struct Reading {
    reader: Arc<Reader>,
    session: Arc<Mutex<Option<Session>>>,
    seen: Seen,
    begun: Instant,
    permit: Option<OwnedSemaphorePermit>,
}

/// Which state a snapshot is of.
struct Seen {
    fence: Fence,
    /// The projection's tables, in the order of their names.
    tables: Vec<String>,
}

impl PostgresSnapshot {
    pub(super) fn take(reader: &Arc<Reader>) -> Result<Self, StoreError> {
        let taking = {
            let reader = Arc::clone(reader);
            async move {
                let permit = reader.pool.permit().await?;
                let mut retry = Retry::within(reader.pool.site().config.patience);
                loop {
                    match begin(&reader.pool).await {
                        Ok((session, seen)) => return Ok((permit, session, seen)),
                        Err(Failure::Lost(_)) if retry.pause().await => {}
                        Err(failure) => {
                            return Err(failure.into_error(&reader.pool.site().place, retry.waited()));
                        }
                    }
                }
            }
        };
        let (permit, session, seen) = reader.io.run(taking)??;
        let reading = Reading {
            reader: Arc::clone(reader),
            session: Arc::new(Mutex::new(Some(session))),
            seen,
            begun: Instant::now(),
            permit: Some(permit),
        };
        Ok(Self { reading: Arc::new(reading) })
    }
}

impl Snapshot for PostgresSnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let reading = &self.reading;
        if let Slot::Row { table, .. } = slot(key)
            && !reading.seen.tables.iter().any(|known| known == table)
        {
            return Ok(None);
        }
        let query = Query::get(reading.reader.pool.site(), key);
        let found = reading.read(vec![query])?.into_iter().flatten().next();
        Ok(found.map(|(_, value)| value))
    }

    fn range(&self, range: Range<&[u8]>, order: Order) -> Entries {
        if range.is_empty() {
            return Box::new(std::iter::empty());
        }
        Box::new(Pages::new(Arc::clone(&self.reading), range, order))
    }
}

impl Reading {
    pub(super) fn tables(&self) -> &[String] {
        &self.seen.tables
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.reader.pool
    }

    /// What the queries find in the snapshot's state.
    pub(super) fn read(self: &Arc<Self>, queries: Vec<Query>) -> Result<Vec<Vec<Entry>>, StoreError> {
        let reading = Arc::clone(self);
        self.reader.io.run(async move { reading.read_here(&queries).await })?
    }

    async fn read_here(&self, queries: &[Query]) -> Result<Vec<Vec<Entry>>, StoreError> {
        let pool = &self.reader.pool;
        let place = || pool.site().place.clone();
        let age_max = pool.site().config.snapshot_age_max;
        let mut slot = self.session.lock().await;
        let mut retry = Retry::within(pool.site().config.patience);
        loop {
            if self.begun.elapsed() > age_max {
                return Err(PostgresStoreError::SnapshotTooOld { place: place(), age_max }.into());
            }
            let read = async {
                let mut session = match slot.take() {
                    Some(session) => session,
                    None => {
                        let (session, seen) = begin(pool).await?;
                        // With no commit in between, it is the same state.
                        if seen.fence != self.seen.fence {
                            pool.give_back(session).await;
                            return Err(PostgresStoreError::SnapshotLost { place: place() }.into());
                        }
                        session
                    }
                };
                let found = session.read(queries).await?;
                *slot = Some(session);
                Ok(found)
            };
            match read.await {
                Ok(found) => return Ok(found),
                Err(Failure::Lost(_)) if retry.pause().await => pool.forget_idle(),
                Err(failure) => return Err(failure.into_error(&place(), retry.waited())),
            }
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        let (reader, session, permit) =
            (Arc::clone(&self.reader), Arc::clone(&self.session), self.permit.take());
        self.reader.io.start_work(async move {
            if let Some(session) = session.lock().await.take() {
                reader.pool.give_back(session).await;
            }
            drop(permit);
        });
    }
}

/// Begins a transaction. Its first statement fixes what it sees.
async fn begin(pool: &Pool) -> Result<(Session, Seen), Failure> {
    let begun = async {
        let session = pool.session().await?;
        let site = pool.site();
        let rows = session
            .simple(&format!(
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
                SELECT writer, commits FROM {};
                SELECT name FROM {} ORDER BY name",
                site.writer(),
                site.names()
            ))
            .await?;
        let mut rows = rows.into_iter();
        let fence = rows.next().and_then(|row| {
            Some(Fence { writer: row.get(0)?.to_owned(), commits: row.get(1)?.parse().ok()? })
        });
        let fence = fence.ok_or_else(|| Failure::Lost("the row that says who writes is missing".into()))?;
        let tables = rows.filter_map(|row| row.get(0).map(str::to_owned)).collect();
        Ok((session, Seen { fence, tables }))
    };
    let begun: Result<_, Failure> = begun.await;
    if let Err(Failure::Lost(_)) = &begun {
        pool.forget_idle();
    }
    begun
}

impl fmt::Debug for PostgresSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresSnapshot")
            .field("commits", &self.reading.seen.fence.commits)
            .finish_non_exhaustive()
    }
}
