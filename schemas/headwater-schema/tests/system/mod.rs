//! A small system with what is awkward in large ones: versions, sunsets, recursive types, hostile texts.

#![allow(dead_code, reason = "the types are only described, and each test uses a part of the rest")]

use std::collections::BTreeMap;
use std::path::Path;

use headwater_schema::{Contract, TypeSchemas};
use jiff::Timestamp;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::json;

/// The aircraft left the gate.
///
/// Its delay is against the schedule; <script>alert("a delay")</script> & more.
#[derive(JsonSchema)]
#[schemars(example = json!({ "flight": flight(), "departed_at": "2013-01-01T10:17:00Z", "delay_minutes": -4 }))]
struct FlightDeparted {
    /// Which flight.
    flight: FlightId,
    /// When it left, in UTC.
    departed_at: Timestamp,
    /// Negative when it was *early*.
    delay_minutes: i32,
    reason: Option<DelayReason>,
}

/// The aircraft left the gate, as it was said in 2012.
#[derive(JsonSchema)]
struct FlightDepartedV1 {
    flight: FlightId,
    departed_at: Timestamp,
}

/// What a flight is named by.
#[derive(JsonSchema)]
struct FlightId {
    /// The carrier's code.
    #[schemars(length(min = 2, max = 2))]
    carrier: String,
    number: u16,
    /// Where it departs from.
    origin: Airport,
}

/// One of New York's airports.
#[derive(JsonSchema)]
enum Airport {
    Ewr,
    Jfk,
    Lga,
}

/// Why it was late.
#[derive(JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum DelayReason {
    /// The weather at a place.
    Weather {
        place: (f64, f64),
    },
    /// Another flight was late, for a reason of its own.
    Reactionary {
        before: Box<DelayReason>,
    },
    Unknown,
}

/// The seats and bags of a flight.
#[derive(JsonSchema)]
struct FlightBoarded {
    passengers: u32,
    bags: Vec<Bag>,
    remarks: BTreeMap<String, String>,
}

#[derive(JsonSchema)]
struct Bag {
    tag: u64,
    kilograms: f32,
}

/// What a station measured in an hour.
#[derive(JsonSchema)]
struct StationObserved {
    station: String,
    #[schemars(with = "Option<f64>")]
    temperature_c: Option<f64>,
    wind: Option<Wind>,
}

#[derive(JsonSchema)]
struct Wind {
    from_degrees: u16,
    metres_per_s: f64,
}

fn flight() -> serde_json::Value {
    json!({ "carrier": "UA", "number": 1545, "origin": "Ewr" })
}

pub(crate) fn contracts() -> Vec<Contract> {
    [
        (
            "publishers/flight-ops/contract.toml",
            r#"
[service]
name = "flight-ops"
owner = "operations"
domain = "flights"

[publishes]
"flights.flight.departed" = [{ version = 1, sunset = "2027-01-31" }, 2]
"flights.flight.boarded" = { version = 1, unused_ok = { reason = "the <board> follows in March", until = "2027-03-01" } }
"#,
        ),
        (
            "publishers/weather-station/contract.toml",
            r#"
[service]
name = "weather-station"
owner = "meteorology"
domain = "weather"

[publishes]
"weather.station.observed" = { version = 1, external = { owner = "airport-it", until = "2027-06-30" } }
"#,
        ),
        (
            "subscribers/delay-stats/contract.toml",
            r#"
[service]
name = "delay-stats"
owner = "punctuality"

[subscribes]
"flights.flight.departed" = 2
"weather.station.observed" = 1

[keeps]
by_carrier = "delays of each carrier"
by_hour = "delays of each hour, & the <b>weather</b> then"
"#,
        ),
        (
            "subscribers/departure-board/contract.toml",
            r#"
[service]
name = "departure-board"
owner = "operations"

[subscribes]
"flights.flight.departed" = 2
"#,
        ),
    ]
    .map(|(path, text)| Contract::parse(Path::new(path), text).unwrap())
    .into()
}

pub(crate) fn events() -> Vec<TypeSchemas> {
    vec![
        describe::<FlightDeparted>("flights.flight.departed@2", true),
        describe::<FlightDepartedV1>("flights.flight.departed@1", false),
        describe::<FlightBoarded>("flights.flight.boarded@1", false),
        describe::<StationObserved>("weather.station.observed@1", false),
    ]
}

fn describe<T: JsonSchema>(event: &str, upcasts: bool) -> TypeSchemas {
    let settings = SchemaSettings::draft2020_12();
    let [serialize, deserialize] = [settings.clone().for_serialize(), settings.for_deserialize()]
        .map(|settings| settings.into_generator().into_root_schema_for::<T>().to_value());
    let event: headwater_schema::EventRef = event.parse().unwrap();
    TypeSchemas {
        event_type: format!("dev.headwater.{}.v{}", event.name, event.version),
        event,
        rust_type: std::any::type_name::<T>().to_owned(),
        declared_at: None,
        doc: serialize["description"].as_str().unwrap_or_default().to_owned(),
        upcasts,
        serialize,
        deserialize,
    }
}
