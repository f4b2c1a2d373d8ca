use std::path::{Path, PathBuf};
use std::sync::Arc;

use headwater_event::EventFilter;
use headwater_log::{JetStreamLog, WorkEnded};
use tokio_util::sync::CancellationToken;

use super::record::Record;
use super::shift::{Ended, Tools};
use super::{Reactor, ReactorError, ReactorOptions, ReactorStatus};

/// Runs a reactor: has the effect of each event done, at least once, in the order of the events of one key.
///
/// Of all instances with its name, one is active; the others stand by.
pub struct ReactorRunner<R> {
    reactor: R,
    filter: EventFilter,
    options: ReactorOptions,
    record: Record,
    status: ReactorStatus,
}

impl<R: Reactor> ReactorRunner<R> {
    /// Opens the record of what is done in the reactor's own directory below `directory`. Each instance has its own.
    ///
    /// # Errors
    ///
    /// [`ReactorError`] when the record can't be opened, or the reactor's events aren't of one domain.
    pub fn open(reactor: R, options: ReactorOptions, directory: &Path) -> Result<Self, ReactorError> {
        let filter = EventFilter::events(R::EVENTS).map_err(ReactorError::Events)?;
        let record = Record::open(&Self::directory(directory))?;
        Ok(Self { reactor, filter, options, record, status: ReactorStatus::default() })
    }

    /// Where the record of what is done is kept below `directory`: apart from projections, which it isn't.
    #[must_use]
    pub fn directory(directory: &Path) -> PathBuf {
        directory.join("reactors").join(R::NAME)
    }

    /// What the reactor is doing, as it changes.
    #[must_use]
    pub fn status(&self) -> ReactorStatus {
        self.status.clone()
    }

    pub(super) fn filter(&self) -> &EventFilter {
        &self.filter
    }

    /// Works whenever this instance is the active one, until `stop` is cancelled. What is under way by then is finished.
    ///
    /// # Errors
    ///
    /// [`ReactorError`] when the broker doesn't let it work, or what is done can't be written down.
    pub async fn run(self, log: Arc<JetStreamLog>, stop: CancellationToken) -> Result<(), ReactorError> {
        let Self { reactor, filter, options, record, status } = self;
        let work = log.work(R::NAME, filter.clone(), options.work.clone())?;
        let tools =
            Tools { reactor: Arc::new(reactor), options, status, log, filter, record: Arc::new(record) };
        loop {
            let Some(term) = stop.run_until_cancelled(work.take()).await else { return Ok(()) };
            match tools.work(term?, &stop).await? {
                Ended::Stopped => return Ok(()),
                Ended::Lost(ended @ WorkEnded::Unfit { .. }) => return Err(ended.into()),
                Ended::Lost(reason) => {
                    tracing::warn!(name = R::NAME, %reason, "no longer the active instance");
                }
            }
        }
    }
}
