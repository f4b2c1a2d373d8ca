use std::cmp::Ordering;

use jiff::Timestamp;
use weather_events::{StationId, StationObserved};

use crate::StationCommand;

/// A command of the feed, and when it comes.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedItem {
    /// When it comes, which is the time of the event.
    pub at: Timestamp,
    /// The station.
    pub station: StationId,
    /// What is asked of the station.
    pub command: StationCommand,
    /// `<station>/<time>`: the same at every run, so that a rerun's commands are recognised.
    pub command_id: String,
}

impl From<StationObserved> for FeedItem {
    fn from(observation: StationObserved) -> Self {
        let (at, station) = (observation.observed_at, observation.station);
        Self {
            at,
            station,
            command: StationCommand::Observe { observation },
            command_id: format!("{station}/{at}"),
        }
    }
}

/// An observation that waits for its turn, in order of time and then of the station's name.
#[derive(Debug)]
pub(super) struct Waiting(pub(super) StationObserved);

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0.observed_at, self.0.station).cmp(&(other.0.observed_at, other.0.station))
    }
}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Waiting {}
