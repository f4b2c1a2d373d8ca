use std::future::Future;

use headwater_event::EventType;
use headwater_log::StoredEvent;

use crate::{Effect, ReactError};

/// What is done about events, in the world outside. Derive it.
pub trait Reactor: Send + Sync + Sized + 'static {
    /// The reactor's name: its consumer, and what operators call it.
    const NAME: &'static str;

    /// The version of its code, which dead letters tell.
    const VERSION: u32;

    /// The events that it handles. All are of one domain.
    const EVENTS: &'static [EventType<'static>];

    /// Handles whichever of its events this is.
    ///
    /// # Errors
    ///
    /// [`ReactError`], which says whether another attempt may help.
    fn dispatch(
        &self,
        stored: &StoredEvent,
        effect: &Effect,
    ) -> impl Future<Output = Result<(), ReactError>> + Send;
}
