use std::sync::Arc;

use headwater_log::service::http::Problem;
use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use super::problems::{FAILED, OVERLOADED, TOO_LONG, unreadable};
use super::source::Source;
use super::{Answer, Freshness};
use crate::{Positions, StoreError, View};

/// Reads a projection for a service's own routes. Cloning is cheap.
///
/// # Example: a route of a service
///
/// ```
/// use axum::Router;
/// use axum::extract::{Path, State};
/// use axum::response::IntoResponse;
/// use axum::routing::get;
/// use headwater_subscriber::http::{Freshness, Reader};
/// # use headwater_subscriber::Projection;
///
/// async fn stock<P: Projection>(
///     State(reader): State<Reader<P>>,
///     Path(item): Path<String>,
///     freshness: Freshness,
/// ) -> impl IntoResponse {
///     reader.read(&freshness, move |_projection, view| Ok(view.get("stock", &item)?.is_some())).await
/// }
///
/// fn routes<P: Projection>(reader: Reader<P>) -> Router {
///     Router::new().route("/stock/{item}", get(stock::<P>)).with_state(reader)
/// }
/// ```
pub struct Reader<P> {
    pub(super) projection: Arc<P>,
    pub(super) source: Arc<Source>,
}

impl<P> Clone for Reader<P> {
    fn clone(&self) -> Self {
        Self { projection: Arc::clone(&self.projection), source: Arc::clone(&self.source) }
    }
}

impl<P: Send + Sync + 'static> Reader<P> {
    /// Reads from one snapshot, as soon as it is as new as `freshness` wants it.
    ///
    /// # Errors
    ///
    /// A [`Problem`] when it isn't in time, or can't be read.
    pub async fn read<T, F>(&self, freshness: &Freshness, read: F) -> Result<Answer<T>, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&P, &View) -> Result<T, StoreError> + Send + 'static,
    {
        let projection = Arc::clone(&self.projection);
        self.source.read(freshness, move |view, _| Ok(read(&projection, view)?)).await
    }

    /// Waits until the projection is as far as `freshness` wants it to be.
    ///
    /// # Errors
    ///
    /// A [`Problem`] when it isn't in time.
    pub async fn reaches(&self, freshness: &Freshness) -> Result<(), Problem> {
        self.source.reach(freshness).await
    }

    /// Where the projection is now.
    #[must_use]
    pub fn positions(&self) -> Positions {
        self.source.positions()
    }

    /// When the last event happened that was applied: the clock of what the projection follows. `None` until it is known.
    #[must_use]
    pub fn clock(&self) -> Option<Timestamp> {
        self.source.commits.clock()
    }
}

/// Why a read has no answer.
pub(super) enum ReadProblem {
    Store(StoreError),
    Problem(Problem),
}

impl From<StoreError> for ReadProblem {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Problem> for ReadProblem {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// Until when a read may go on.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadUntil(Instant);

impl ReadUntil {
    /// To be asked now and then by a read that goes through many rows.
    pub(super) fn check(self) -> Result<(), Problem> {
        if Instant::now() < self.0 { Ok(()) } else { Err(too_long()) }
    }
}

fn too_long() -> Problem {
    Problem::new(TOO_LONG, "reading took longer than a request may; ask for a smaller range")
}

impl Source {
    /// Reads from one snapshot, on a thread that may block.
    pub(super) async fn read<T, F>(
        self: &Arc<Self>,
        freshness: &Freshness,
        read: F,
    ) -> Result<Answer<T>, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&View, ReadUntil) -> Result<T, ReadProblem> + Send + 'static,
    {
        self.reach(freshness).await?;
        let Ok(permit) = Arc::clone(&self.reads).try_acquire_owned() else {
            let max = self.limits.reads_max;
            return Err(Problem::new(OVERLOADED, format!("as many requests read as may at once ({max})")));
        };
        let until = ReadUntil(Instant::now() + self.limits.read);
        let room = self.room.read(until.0).await?;
        let (source, freshness) = (Arc::clone(self), freshness.clone());
        let reading = spawn_blocking(move || {
            // Also a read that nobody waits for any more takes its room.
            let _permits = (permit, room);
            let snapshot = source.view.snapshot()?;
            if !freshness.takes_parts && !snapshot.is_whole()? {
                return Err(source.elsewhere().into());
            }
            let (positions, tag) = source.stand(&snapshot)?;
            let partitions = snapshot.partitions()?;
            let read = if freshness.knows(&tag) { None } else { Some(read(&snapshot, until)?) };
            Ok::<_, ReadProblem>(Answer { tag, positions, partitions, read })
        });
        match timeout_at(until.0, reading).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(ReadProblem::Store(error)))) => Err(unreadable(&error)),
            Ok(Ok(Err(ReadProblem::Problem(problem)))) => Err(problem),
            Ok(Err(_panicked)) => {
                Err(Problem::new(FAILED, "the code that reads the projection has panicked"))
            }
            Err(_) => Err(too_long()),
        }
    }
}
