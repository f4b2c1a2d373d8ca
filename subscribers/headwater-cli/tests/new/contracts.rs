//! Contracts that fit neither each other nor the code: what an author sees who only builds a service.

use crate::repository::Repository;

const FLIGHT_OPS: &str = "publishers/flight-ops/contract.toml";
const OUTBOX: &str = "publishers/flight-ops/src/flight/outbox.rs";
const BOARD: &str = "subscribers/departure-board/contract.toml";

#[test]
fn a_version_that_does_not_exist_is_not_subscribed_to() {
    let repository = Repository::copy();
    repository.edit(BOARD, "\"flights.flight.departed\" = 2", "\"flights.flight.departed\" = 3");
    repository.check("departure-board").fails_with(&[
        "[HW0101] departure-board subscribes to flights.flight.departed@3, which nobody publishes",
        "--> subscribers/departure-board/contract.toml:7:1",
        "published: @2 by flight-ops",
        "help: subscribe to @2, or publish @3 from flight-ops",
    ]);
}

#[test]
fn a_misspelt_event_is_taken_for_the_one_that_was_meant() {
    let repository = Repository::copy();
    repository.edit(BOARD, "\"flights.flight.departed\" = 2", "\"flights.flight.departd\" = 2");
    repository.check("departure-board").fails_with(&[
        "[HW0103] departure-board subscribes to flights.flight.departd@2, which no events crate declares",
        "--> subscribers/departure-board/contract.toml:7:1",
        "did you mean flights.flight.departed?",
        "help: write \"flights.flight.departed\"",
    ]);
}

#[test]
fn an_event_that_is_not_published_any_more_is_missed_by_its_readers() {
    let repository = Repository::copy();
    repository.edit(FLIGHT_OPS, "\"flights.flight.diverted\" = 1\n", "");
    // Whichever service is built.
    repository.check("weather-station").fails_with(&[
        "[HW0101] delay-stats subscribes to flights.flight.diverted@1, which nobody publishes",
        "--> subscribers/delay-stats/contract.toml:10:1",
        "did flight-ops stop publishing it?",
        "help: publish it from flight-ops, or remove the subscription",
    ]);
}

#[test]
fn an_event_of_the_contract_is_emitted() {
    let repository = Repository::copy();
    repository.edit(
        "publishers/flight-ops/src/flight/decide.rs",
        "Ok(outbox.diverted.emit(FlightDiverted { flight, arrived_at }))",
        "let _ = (flight, arrived_at);\n                Err(FlightRejection::NotDeparted)",
    );
    repository.check("flight-ops").fails_with(&[
        "error: field `diverted` is never read",
        "contract.toml:11 declares flights.flight.diverted@1 and nothing publishes it: publish it with \
         `outbox.diverted.emit(...)`, or remove the line there and this field",
    ]);
    repository.edit(OUTBOX, "    pub(super) diverted: Publishes<FlightDiverted>,\n", "");
    repository.check("flight-ops").fails_with(&[
        "contract.toml:11 publishes flights.flight.diverted@1, and `FlightOutbox` has no field for it: add `diverted: \
         Publishes<...>` with the event's type, or remove the line",
    ]);
}
