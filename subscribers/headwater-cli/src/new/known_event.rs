use headwater_schema::{EventRef, TypeSchemas, sample};

use super::NewError;
use super::words::{pascal, snake};

/// An event that an events crate declares, as code calls it.
#[derive(Debug, Clone)]
pub(super) struct KnownEvent {
    /// The event and its version.
    pub(super) event: EventRef,
    /// The crate, as code calls it: `flight_events`.
    pub(super) krate: String,
    /// The type: `FlightDeparted`.
    pub(super) type_name: String,
    /// A name for a field or a function: `departed`.
    pub(super) ident: String,
    /// A name for a variant: `Departed`.
    pub(super) variant: String,
    /// The name of its aggregate in Rust: `flight`.
    pub(super) aggregate: String,
    /// A document that its schema accepts.
    pub(super) sample: String,
}

impl KnownEvent {
    pub(super) fn new(schemas: &TypeSchemas) -> Result<Self, NewError> {
        let path = schemas.rust_type.split_once("::");
        let (Some((krate, _)), Some(type_name)) = (path, schemas.rust_type.rsplit("::").next()) else {
            return Err(NewError::RustType { event: schemas.event.clone().into() });
        };
        let name = &schemas.event.name;
        Ok(Self {
            krate: krate.to_owned(),
            type_name: type_name.to_owned(),
            ident: snake(name.event()),
            variant: pascal(name.event()),
            aggregate: snake(name.aggregate()),
            sample: sample(&schemas.serialize).to_string(),
            event: schemas.event.clone(),
        })
    }
}

/// The events' types as paths to import: `flight_events::{FlightArrived, FlightDeparted}`.
pub(super) fn imports(events: &[KnownEvent]) -> Vec<String> {
    let mut krates: Vec<&str> = events.iter().map(|event| event.krate.as_str()).collect();
    krates.sort_unstable();
    krates.dedup();
    let of = |krate: &&str| {
        let mut types: Vec<&str> = events
            .iter()
            .filter(|event| event.krate == *krate)
            .map(|event| event.type_name.as_str())
            .collect();
        types.sort_unstable();
        match types.as_slice() {
            [one] => format!("{krate}::{one}"),
            several => format!("{krate}::{{{}}}", several.join(", ")),
        }
    };
    krates.iter().map(of).collect()
}
