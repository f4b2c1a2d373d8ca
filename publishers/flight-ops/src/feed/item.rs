use std::cmp::Ordering;

use flight_events::FlightId;
use jiff::Timestamp;

use crate::FlightCommand;

/// A command of the feed, and when it comes.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedItem {
    /// When it comes, which is the time of the event.
    pub at: Timestamp,
    /// The flight.
    pub flight: FlightId,
    /// What is asked of the flight.
    pub command: FlightCommand,
    /// `<flight>/<verb>`: the same at every run, so that a rerun's commands are recognised.
    pub command_id: String,
}

/// A command that waits for its turn: a [`FeedItem`] without its text.
///
/// In order of time; at one time, a flight is scheduled before another departs, and so on, by name.
#[derive(Debug)]
pub(super) struct Planned {
    pub(super) at: Timestamp,
    pub(super) flight: FlightId,
    pub(super) command: FlightCommand,
}

impl Planned {
    pub(super) fn into_item(self) -> FeedItem {
        let Self { at, flight, command } = self;
        let command_id = format!("{flight}/{}", command.verb());
        FeedItem { at, flight, command, command_id }
    }

    /// A flight's own commands in the order of its life.
    fn rank(&self) -> u8 {
        match self.command {
            FlightCommand::Schedule { .. } => 0,
            FlightCommand::Depart { .. } => 1,
            FlightCommand::Cancel => 2,
            FlightCommand::Arrive { .. } => 3,
            FlightCommand::Divert { .. } => 4,
        }
    }
}

impl Ord for Planned {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_time = self.at.cmp(&other.at);
        by_time.then_with(|| self.rank().cmp(&other.rank())).then_with(|| self.flight.cmp(&other.flight))
    }
}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Planned {}
