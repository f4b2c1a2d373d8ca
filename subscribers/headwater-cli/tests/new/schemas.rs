//! Types and registered schemas that don't fit each other: what an author sees who only builds a service.

use crate::repository::Repository;

const ARRIVED: &str = "events/flight-events/src/flight/arrived.rs";

#[test]
fn a_renamed_field_can_not_be_read_from_what_is_stored() {
    let repository = Repository::copy();
    repository.edit(ARRIVED, "pub delay_minutes: i32", "pub minutes_late: i32");
    repository.check("departure-board").fails_with(&[
        "[HW0301] flights.flight.arrived@1 breaks BACKWARD_TRANSITIVE against its registered schema",
        "a writer may leave `minutes_late` out [HW0303]",
        "keep its name in JSON: `#[serde(rename = \"delay_minutes\")]`",
        "register the change as @2 with an upcaster from @1",
    ]);
}

#[test]
fn a_narrowed_type_can_not_hold_what_is_stored() {
    let repository = Repository::copy();
    repository.edit(ARRIVED, "pub delay_minutes: i32", "pub delay_minutes: i16");
    repository.check("departure-board").fails_with(&[
        "[HW0301] flights.flight.arrived@1 breaks BACKWARD_TRANSITIVE against its registered schema",
        "--> schemas/registry/flights/flight/arrived/v1.ser.json",
        "/delay_minutes: written i32 (registered), read i16 (this type): 32768 is out of the reader's range [HW0306]",
        "help: restore i32, or register the change as @2 with an upcaster from @1",
    ]);
}

#[test]
fn a_dropped_variant_can_not_be_read_from_what_is_stored() {
    let repository = Repository::copy();
    let cancelled = "events/flight-events/src/flight/cancelled.rs";
    repository.edit(cancelled, "    pub flight: FlightId,\n", WITH_CAUSE);
    repository.write(cancelled, &(repository.read(cancelled) + CAUSE));
    repository.check("departure-board").fails_with(&[
        "[HW0002] flights.flight.cancelled@1 has changed, and its registered schema has not",
        "help: run `headwater schema accept`, and commit what it writes",
    ]);
    // What is added and needn't be there is compatible.
    let accepted = repository.headwater(&["schema", "accept"]).done();
    let registered = "registered flights.flight.cancelled@1, revision 1: a compatible change\n";
    assert!(accepted.starts_with(registered), "{accepted}");

    repository.edit(cancelled, "    /// No crew.\n    Crew,\n", "");
    repository.check("departure-board").fails_with(&[
        "[HW0301] flights.flight.cancelled@1 breaks BACKWARD_TRANSITIVE against its registered schema",
        "no variant of the reader takes \"Crew\" [HW0312]",
        "help: keep the variant, or mark one with `#[serde(other)]` to take what isn't known, or register the change as \
         @2 with an upcaster from @1",
    ]);
}

#[test]
fn a_registered_schema_that_was_edited_is_noticed() {
    let repository = Repository::copy();
    repository.edit("schemas/registry/flights/flight/arrived/v1.ser.json", "int32", "int64");
    repository.check("departure-board").fails_with(&[
        "[HW0003] the registered schema of flights.flight.arrived@1 was edited by hand",
        "help: restore the file with `git checkout -- schemas/registry/flights/flight/arrived/v1.ser.json`, and change \
         the Rust type instead",
    ]);
}

const WITH_CAUSE: &str = r#"    pub flight: FlightId,
    /// Why, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
"#;

const CAUSE: &str = "
/// Why a flight was called off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Cause {
    /// Snow or storm.
    Weather,
    /// No crew.
    Crew,
}
";
