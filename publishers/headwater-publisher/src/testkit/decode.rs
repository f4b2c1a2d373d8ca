use headwater_event::EventSet;
use headwater_log::StoredEvent;

/// The stored event as one of the set, if it is one.
///
/// # Errors
///
/// A sentence for whoever wrote the test.
pub(super) fn decode<E: EventSet>(stored: &StoredEvent) -> Result<Option<E>, String> {
    let envelope = &stored.envelope;
    let Ok(event_type) = envelope.event_type() else { return Ok(None) };
    E::decode(event_type, envelope.data()).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
        format!("the event {:?} at sequence {} can't be read: {error}{cause}", envelope.id(), stored.sequence)
    })
}
