use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use tokio::time::sleep;

use super::PostgresStoreError;
use super::batch::Batch;
use super::failure::{Failure, within};
use super::fence::Fence;
use super::retry::Retry;
use super::schema;
use super::session::Session;
use super::site::Site;
use crate::{StoreError, Write};

/// The one that may write. The lock of its session keeps others away; should it be lost, the fence keeps this one away.
pub(super) struct Writer {
    site: Arc<Site>,
    session: Option<Session>,
    /// The process of the last session.
    process: i32,
    fence: Fence,
    tables: BTreeSet<String>,
}

/// Together with the id of a table, names the lock of the store that the table belongs to.
const LOCK: i32 = 0x7374_6f72;

const IN_USE_PAUSE: Duration = Duration::from_millis(50);

/// How long the end of a session may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

impl Writer {
    /// Becomes the one that writes. Whoever was it before can't commit any more.
    /// One who has its place is waited for no longer than `in_use_limit`.
    pub(super) async fn take_over(site: Arc<Site>, in_use_limit: Duration) -> Result<Self, StoreError> {
        let begun = Instant::now();
        let mut retry = Retry::within(site.config.patience);
        loop {
            match Self::try_take_over(&site).await {
                Ok(writer) => return Ok(writer),
                Err(Failure::Fatal(StoreError::InUse { .. })) if begun.elapsed() < in_use_limit => {
                    sleep(IN_USE_PAUSE).await;
                }
                Err(Failure::Lost(_)) if retry.pause().await => {}
                Err(failure) => return Err(failure.into_error(&site.place, retry.waited())),
            }
        }
    }

    /// Makes all of the writes visible at once, or none. If the answer is lost, the fence says which it was, here or at
    /// the next commit: that finds itself overtaken if this one was stored after all.
    pub(super) async fn commit(&mut self, writes: Vec<Write>) -> Result<(), StoreError> {
        let batch = Batch::new(writes);
        let mut retry = Retry::within(self.site.config.patience);
        let mut sent = false;
        loop {
            let failure = match self.attempt(&batch, &mut sent).await {
                Ok(()) => {
                    self.fence.commits += 1;
                    return Ok(());
                }
                Err(failure) => failure,
            };
            self.session = None;
            match failure {
                Failure::Lost(cause) if retry.pause().await => {
                    tracing::warn!(%cause, "committing again");
                }
                failure => return Err(failure.into_error(&self.site.place, retry.waited())),
            }
        }
    }

    /// Gives the lock away.
    pub(super) async fn close(&mut self) {
        if let Some(session) = self.session.take() {
            within(CLOSE_LIMIT, session.client.batch_execute("SELECT pg_advisory_unlock_all()")).await.ok();
        }
    }

    async fn try_take_over(site: &Arc<Site>) -> Result<Self, Failure> {
        let session = open(site).await?;
        schema::make(&session, site).await?;
        if !lock(&session, site).await? {
            return Err(StoreError::InUse { place: site.place.clone() }.into());
        }
        let change = format!(
            "UPDATE {} SET writer = gen_random_uuid()::text RETURNING writer, commits",
            site.writer()
        );
        let fence = fence(&session, &change).await?;
        let tables = tables(&session, site).await?;
        let process = session.process;
        Ok(Self { site: Arc::clone(site), session: Some(session), process, fence, tables })
    }

    /// Tries to commit. `sent` says whether an attempt has gone so far that its commit may have been stored.
    async fn attempt(&mut self, batch: &Batch, sent: &mut bool) -> Result<(), Failure> {
        let overtaken = || PostgresStoreError::Overtaken { place: self.site.place.clone() };
        let next = self.fence.commits + 1;
        let mut session = match self.session.take() {
            Some(session) => session,
            None => {
                let session = self.reopen().await?;
                self.process = session.process;
                self.tables = tables(&session, &self.site).await?;
                let select = format!("SELECT writer, commits FROM {}", self.site.writer());
                let found = fence(&session, &select).await?;
                if *sent && found == (Fence { commits: next, ..self.fence.clone() }) {
                    self.session = Some(session);
                    // Nobody knows any more whether all of it is shown.
                    self.note_unshown();
                    return Ok(());
                }
                if found != self.fence {
                    return Err(overtaken().into());
                }
                session
            }
        };

        let advance = format!(
            "UPDATE {} SET commits = $2::bigint WHERE writer = $1 AND commits = $2::bigint - 1",
            self.site.writer()
        );
        let advance = session.prepared(&advance).await?;
        let begin = session.client.batch_execute("BEGIN").map(|answer| answer.map(|()| 0)).boxed();
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&self.fence.writer, &next];
        let advanced = session.client.execute(&advance, &parameters).boxed();
        if session.pipelined([begin, advanced]).await?.last() != Some(&1) {
            if *sent {
                // The commit that was thought to be lost has come just now: the next session sees it.
                return Err(Failure::Lost("the state has changed meanwhile".into()));
            }
            return Err(overtaken().into());
        }
        let new: Vec<&str> = batch.tables().filter(|table| !self.tables.contains(*table)).collect();
        let mut known = self.tables.clone();
        let mut all_shown = true;
        for table in new {
            all_shown &= schema::make_table(&session, &self.site, table).await?;
            known.insert(table.to_owned());
        }
        *sent = true;
        batch.commit(&mut session, &self.site, &known).await?;
        // Not before: whoever looked too early would find nothing to be shown.
        if !all_shown {
            self.note_unshown();
        }
        self.tables = known;
        self.session = Some(session);
        Ok(())
    }

    fn note_unshown(&self) {
        if let Some(stable) = &self.site.stable {
            self.site.config.unshown.add(&stable.schema);
        }
    }

    /// A new session with the lock, which nobody else may have had in between.
    async fn reopen(&self) -> Result<Session, Failure> {
        let session = open(&self.site).await?;
        if lock(&session, &self.site).await? {
            return Ok(session);
        }
        // Most likely the last session has it, and the server hasn't noticed that it is gone.
        let end = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_locks
            WHERE locktype = 'advisory' AND granted AND pid = {} AND classid = {LOCK}::oid
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND EXISTS (SELECT FROM {} WHERE writer = '{}')",
            self.process,
            self.site.writer(),
            self.fence.writer
        );
        session.simple(&end).await?;
        Err(Failure::Lost("another session has the store's lock".into()))
    }
}

/// A transaction of a writer that is gone holds up the next one, so it ends as soon as an answer is waited for.
async fn open(site: &Site) -> Result<Session, Failure> {
    Session::open(site, site.config.answer_limit).await
}

/// Tries to get the lock of the one that writes, for as long as the session lasts.
pub(super) async fn lock(session: &Session, site: &Site) -> Result<bool, Failure> {
    let writer = site.writer().replace('\'', "''");
    let lock = format!("SELECT pg_try_advisory_lock({LOCK}, '{writer}'::regclass::oid::int)");
    let rows = session.simple(&lock).await?;
    Ok(rows.first().and_then(|row| row.get(0)) == Some("t"))
}

async fn tables(session: &Session, site: &Site) -> Result<BTreeSet<String>, Failure> {
    let names = session.simple(&format!("SELECT name FROM {}", site.names())).await?;
    Ok(names.iter().filter_map(|row| row.get(0).map(str::to_owned)).collect())
}

async fn fence(session: &Session, statement: &str) -> Result<Fence, Failure> {
    let rows = session.simple(statement).await?;
    let fence = rows
        .first()
        .and_then(|row| Some(Fence { writer: row.get(0)?.to_owned(), commits: row.get(1)?.parse().ok()? }));
    fence.ok_or_else(|| Failure::Lost("the row that says who writes is missing".into()))
}
