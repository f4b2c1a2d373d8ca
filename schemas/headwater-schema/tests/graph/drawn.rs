use headwater_schema::graph::{Graph, System};

use crate::given::{Given as _, publisher, reader, service, system};

fn given() -> System {
    let mut hostile = service("x", "\n[subscribes]\n\"weather.station.observed\" = 1\n");
    hostile.service.name.value = "a\"]; <b>#1 \\ \u{1b}".to_owned();
    system([
        publisher(
            "flight-ops",
            "flights",
            "\"flights.flight.departed\" = [1, 2]\n[subscribes]\n\"weather.station.observed\" = 1",
        ),
        publisher("weather-station", "weather", "\"weather.station.observed\" = 1"),
        reader("delay-stats", "\"flights.flight.departed\" = 2"),
        hostile,
    ])
    .types(&[
        "weather.station.observed@1",
        "flights.flight.departed@1",
        "flights.flight.departed@2 upcasts",
        "flights.flight.towed@1",
    ])
    .imports(reader("screens", "\"flights.flight.departed\" = 2"))
}

#[test]
fn as_text() {
    insta::assert_snapshot!(Graph::of(&given()).text());
}

#[test]
fn as_mermaid() {
    insta::assert_snapshot!(Graph::of(&given()).mermaid());
}

#[test]
fn as_dot() {
    insta::assert_snapshot!(Graph::of(&given()).dot());
}

#[test]
fn as_json() {
    insta::assert_snapshot!(Graph::of(&given()).json().unwrap());
}

#[test]
fn the_order_of_the_contracts_makes_no_difference() {
    let mut other = given();
    other.contracts.reverse();
    assert_eq!(Graph::of(&other), Graph::of(&given()));
}
