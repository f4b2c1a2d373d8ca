use std::path::PathBuf;

use headwater_contract::EventRef;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What the types of a system said when its gate was last built.
///
/// The gate's build script writes it before it checks anything, so it is there also after a build that
/// failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The gate's package.
    pub gate: String,
    /// The folder of the workspace.
    pub root: PathBuf,
    /// Every version of every event that an events crate declares.
    pub events: Vec<TypeSchemas>,
}

/// One version of an event, as its Rust type describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TypeSchemas {
    /// The event and its version.
    pub event: EventRef,
    /// Its type on the wire: `dev.headwater.flights.flight.departed.v2`.
    pub event_type: String,
    /// Its type in Rust: `flight_events::flight::departed::FlightDeparted`.
    pub rust_type: String,
    /// Where the type is declared, as `path:line`, if it is in this repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_at: Option<String>,
    /// The first paragraph of the type's documentation.
    pub doc: String,
    /// Whether it can be made from the version before it.
    pub upcasts: bool,
    /// The JSON Schema of what is written.
    pub serialize: Value,
    /// The JSON Schema of what is read.
    pub deserialize: Value,
}

impl TypeSchemas {
    /// The type, and where to find it.
    pub fn declaration(&self) -> String {
        match &self.declared_at {
            Some(place) => format!("{} at {place}", self.rust_type),
            None => self.rust_type.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_survives_its_json() {
        let snapshot = Snapshot {
            gate: "reference".to_owned(),
            root: "/system".into(),
            events: vec![TypeSchemas {
                event: "flights.flight.departed@2".parse().unwrap(),
                event_type: "dev.headwater.flights.flight.departed.v2".to_owned(),
                rust_type: "flight_events::flight::departed::FlightDeparted".to_owned(),
                declared_at: Some("events/flight-events/src/flight/departed.rs:9".to_owned()),
                doc: "The aircraft left the gate.".to_owned(),
                upcasts: true,
                serialize: serde_json::json!({"type": "object"}),
                deserialize: serde_json::json!(true),
            }],
        };
        let json = serde_json::to_string(&snapshot).unwrap();
        assert_eq!(serde_json::from_str::<Snapshot>(&json).unwrap(), snapshot);
    }
}
