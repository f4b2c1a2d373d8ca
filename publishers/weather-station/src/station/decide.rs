use headwater_event::{Decider, Events};
use weather_events::StationObserved;

use super::{Station, StationCommand, StationOutbox, StationRejection};

/// Only the order of time is decided, so a second run over the same records stores nothing twice.
impl Decider for Station {
    type Command = StationCommand;
    type Event = StationObserved;
    type Outbox = StationOutbox;
    type Rejection = StationRejection;

    fn decide(
        &self,
        command: &StationCommand,
        outbox: &StationOutbox,
    ) -> Result<Events<StationObserved>, StationRejection> {
        let StationCommand::Observe { observation } = command;
        match self.last_observed_at {
            Some(last_observed_at) if observation.observed_at <= last_observed_at => {
                Err(StationRejection::NotLater { last_observed_at, observed_at: observation.observed_at })
            }
            _ => Ok(outbox.observed.emit(observation.clone())),
        }
    }

    fn evolve(&mut self, event: &StationObserved) {
        self.last_observed_at = Some(event.observed_at);
    }
}
