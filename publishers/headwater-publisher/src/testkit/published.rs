use headwater_event::{Domain, EventSet};
use headwater_log::MemoryLog;

use super::decode::decode;

/// All events of the set `E` that services have published to the log, in their order. Others of the domain are left
/// out.
///
/// # Panics
///
/// When one of them can't be read.
#[track_caller]
#[must_use]
pub fn published<E: EventSet>(log: &MemoryLog) -> Vec<E> {
    let domain = E::TYPES.first().and_then(|event_type| event_type.domain.parse::<Domain>().ok());
    let Some(domain) = domain else { return Vec::new() };
    let stored = log.stored(&domain);
    let events = stored.iter().filter_map(|stored| match decode(stored) {
        Ok(event) => event,
        Err(problem) => panic!("{problem}"),
    });
    events.collect()
}
