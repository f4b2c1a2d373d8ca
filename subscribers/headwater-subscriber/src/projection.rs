use headwater_event::{EventSchema, EventType};
use headwater_log::StoredEvent;

use crate::{ApplyError, TableInfo, Tx};

/// State that is built from events. Derive it on a struct of tables.
pub trait Projection: Send + Sync + Sized + 'static {
    /// The projection's name: its directory, and what operators call it.
    const NAME: &'static str;

    /// The version of its code. Raise it when the same events should yield another state, which is then built
    /// beside the one that is there.
    const VERSION: u32;

    /// The events that it applies, of one domain or of several.
    const EVENTS: &'static [EventType<'static>];

    /// Whether its state can be divided into partitions by the keys of events: events of different keys never read or write
    /// one row. See [`Partitioning`](crate::Partitioning).
    const PARTITIONED: bool = false;

    /// The projection, with its tables.
    fn new() -> Self;

    /// Its tables, with their indexes.
    fn tables(&self) -> Vec<TableInfo>;

    /// The schemas of the events that it applies, and of the older versions that they upcast.
    fn read_schemas() -> Vec<EventSchema>;

    /// Applies whichever of its events this is.
    ///
    /// # Errors
    ///
    /// [`ApplyError`], which halts the projection.
    fn dispatch(&self, stored: &StoredEvent, tx: &mut Tx<'_>) -> Result<(), ApplyError>;
}
