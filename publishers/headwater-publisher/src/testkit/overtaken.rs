use std::sync::Arc;

use headwater_event::Decider;
use headwater_log::{Append, AppendFault, EventLog as _, MemoryLog, StoredEvent};

use crate::{Aggregates, Command};

/// What lets the next append come second: `rival` is handled by another instance of the service `source` right before.
/// It is decided on what the log holds now. Give it to [`MemoryLog::fail_next_append`].
///
/// # Panics
///
/// When the rival's command is rejected, or changes nothing.
pub async fn overtaken_by<D: Decider>(log: &MemoryLog, source: &str, rival: Command<D>) -> AppendFault {
    // What the rival does is tried out elsewhere.
    let copy = Arc::new(MemoryLog::from_recording(&log.recording()));
    let handled = async {
        let service = Aggregates::<D>::open(copy.clone(), source).await.map_err(|error| error.to_string())?;
        let aggregate = service.aggregate(&rival.key).map_err(|error| error.to_string())?;
        service.handle(rival).await.map_err(|error| error.to_string())?;
        let events = copy.load(&aggregate, 0).await.map_err(|error| error.to_string())?;
        let before: Vec<_> = log.stored(aggregate.domain()).iter().map(|event| event.sequence).collect();
        let (old, new): (Vec<StoredEvent>, Vec<_>) =
            events.into_iter().partition(|event| before.contains(&event.sequence));
        let expected = old.last().map_or(0, |event| event.sequence);
        let events = new.into_iter().map(|event| event.envelope).collect();
        Ok::<_, String>(Append { aggregate, expected, events })
    };
    match handled.await {
        Ok(append) if append.events.is_empty() => panic!("the rival's command changes nothing"),
        Ok(append) => append.into(),
        Err(problem) => panic!("the rival's command can't be handled: {problem}"),
    }
}
