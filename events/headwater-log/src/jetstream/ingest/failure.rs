use std::error::Error;

use super::bulk_load::{Doubt, position};
use super::{BulkLoad, BulkLoadError};
use crate::{AppendError, ReadError};

/// What an attempt reports that may be tried again.
pub(super) type Failure = Box<dyn Error + Send + Sync>;

/// Why a load can't go on.
pub(super) enum Hopeless {
    /// It is known why an event isn't stored.
    Refused(AppendError),
    /// The stream can't be read.
    Unreadable(ReadError),
    /// Nothing is stored for too long.
    Stuck(Failure),
}

impl From<AppendError> for Hopeless {
    fn from(error: AppendError) -> Self {
        Self::Refused(error)
    }
}

impl From<ReadError> for Hopeless {
    fn from(error: ReadError) -> Self {
        Self::Unreadable(error)
    }
}

impl BulkLoad {
    /// The error that says what is known of the load's events.
    pub(super) fn failed(&self, why: Hopeless) -> BulkLoadError {
        let Doubt { acknowledged, sent } = self.doubt;
        let event = self.unsettled.get(position(acknowledged)).or(self.unsettled.back());
        let aggregate = event.map(|event| event.aggregate.clone());
        let source = match (why, aggregate) {
            (Hopeless::Refused(source), _) => source,
            (Hopeless::Unreadable(ReadError::NoStream { .. }), Some(aggregate)) => {
                AppendError::NoStream { aggregate }
            }
            (Hopeless::Unreadable(error), Some(aggregate)) => {
                AppendError::Unknown { aggregate, source: error.into() }
            }
            (Hopeless::Stuck(source), Some(aggregate)) => AppendError::Unknown { aggregate, source },
            // Nothing is unsettled, so nothing failed but a look at the stream.
            (Hopeless::Unreadable(source), None) => return BulkLoadError::Unavailable { source },
            (Hopeless::Stuck(failure), None) => {
                let source = ReadError::unavailable(&self.stream.domain, failure);
                return BulkLoadError::Unavailable { source };
            }
        };
        BulkLoadError::Failed {
            event: event.map(|event| event.event.envelope.id().to_owned()).unwrap_or_default(),
            stored: self.settled() + acknowledged,
            unknown: sent.saturating_sub(acknowledged),
            source,
        }
    }
}
