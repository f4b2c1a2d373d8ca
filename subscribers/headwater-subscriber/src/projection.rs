use headwater_event::EventType;
use headwater_log::StoredEvent;

use crate::{ApplyError, Tx};

/// State that is built from events. Derive it on a struct of tables.
pub trait Projection: Send + Sync + Sized + 'static {
    /// The projection's name: its directory, and what operators call it.
    const NAME: &'static str;

    /// The version of its code. Raise it when the same events should yield another state: a store that
    /// another version has built is refused, never mixed.
    const VERSION: u32;

    /// The events that it applies. All are of one domain.
    const EVENTS: &'static [EventType<'static>];

    /// The projection, with its tables.
    fn new() -> Self;

    /// Applies whichever of its events this is.
    ///
    /// # Errors
    ///
    /// [`ApplyError`], which halts the projection.
    fn dispatch(&self, stored: &StoredEvent, tx: &mut Tx<'_>) -> Result<(), ApplyError>;
}
