use headwater_event::{Publishes, outbox};
use weather_events::StationObserved;

/// All that is published of stations.
#[outbox(contract = "contract.toml")]
pub struct StationOutbox {
    pub(super) observed: Publishes<StationObserved>,
}
