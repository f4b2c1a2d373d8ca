use headwater_event::SubjectError;
use headwater_log::{WorkEnded, WorkError};

use crate::StoreError;

/// Why a reactor has ended. What it hasn't done is done when it is started again.
#[derive(Debug, thiserror::Error)]
pub enum ReactorError {
    /// The events that the reactor handles can't be read together.
    #[error("the reactor's events can't be read together")]
    Events(#[source] SubjectError),
    /// The broker doesn't let it work.
    #[error("the reactor can't work")]
    Work(#[from] WorkError),
    /// Its consumer can't be used.
    #[error("the reactor can't go on")]
    Ended(#[from] WorkEnded),
    /// What is done can't be written down.
    #[error("the reactor's record of what is done can't be used")]
    Store(#[from] StoreError),
    /// The task that writes down what is done has panicked.
    #[error("the record of the reactor {name} has panicked; what it was writing is done again")]
    Panicked {
        /// The reactor.
        name: &'static str,
    },
}
