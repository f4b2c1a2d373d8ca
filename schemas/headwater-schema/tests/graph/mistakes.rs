//! One mistake is one error, where it was made.

use headwater_contract::render;
use headwater_schema::graph::misnamed;

use crate::given::{Given as _, publisher, reader, service, system};

const TYPES: [&str; 3] =
    ["flights.flight.departed@1", "flights.flight.departed@2 upcasts", "flights.flight.arrived@1"];
const BOTH: &str = "\"flights.flight.departed\" = 2\n\"flights.flight.arrived\" = 1";

#[test]
fn a_system_that_fits_is_silent() {
    let system =
        system([publisher("flight-ops", "flights", BOTH), reader("delay-stats", BOTH)]).types(&TYPES);
    assert!(system.findings().is_empty(), "{:?}", system.findings());
}

#[test]
fn an_empty_system_is_silent() {
    assert!(system([]).findings().is_empty());
    assert!(system([]).types(&[]).findings().is_empty());
}

#[test]
fn a_publisher_that_misspells_an_event_is_told_so_and_its_readers_are_not() {
    let publishes = "\"flights.flight.depatred\" = 2\n\"flights.flight.arrived\" = 1";
    let system = system([
        publisher("flight-ops", "flights", publishes),
        reader("delay-stats", BOTH),
        service("board", &format!("\n[subscribes]\n{BOTH}\n[keeps]\ntoday = \"what is shown\"\n")),
    ])
    .types(&TYPES);
    insta::assert_snapshot!(render::terminal(&system.findings(), false), @r#"
    error[HW0103]: flight-ops publishes flights.flight.depatred@2, which no events crate declares
     --> publishers/flight-ops/contract.toml:7:1
      |
    7 | "flights.flight.depatred" = 2
      | ^^^^^^^^^^^^^^^^^^^^^^^^^ did you mean flights.flight.departed?
      |
      = note: flights.flight.departed is read by board and delay-stats
      = help: write "flights.flight.departed"
    "#);
}

#[test]
fn a_reader_that_misspells_an_event_is_told_so_and_its_publisher_is_not() {
    let system = system([
        publisher("flight-ops", "flights", BOTH),
        reader("delay-stats", "\"flights.flight.departd\" = 2\n\"flights.flight.arrived\" = 1"),
    ])
    .types(&TYPES);
    assert_eq!(system.codes(), ["HW0103"]);
}

#[test]
fn a_publication_that_is_dropped_is_reported_at_each_reader() {
    let system = system([
        publisher("flight-ops", "flights", "\"flights.flight.arrived\" = 1"),
        reader("delay-stats", BOTH),
        service("board", &format!("\n[subscribes]\n{BOTH}\n[keeps]\ntoday = \"what is shown\"\n")),
    ])
    .types(&TYPES);
    insta::assert_snapshot!(render::cargo(&system.findings()));
}

#[test]
fn a_version_that_no_type_has_is_reported_where_it_is_published() {
    let publishes = "\"flights.flight.departed\" = 3\n\"flights.flight.arrived\" = 1";
    for subscribes in [2, 3] {
        let subscribes =
            format!("\"flights.flight.departed\" = {subscribes}\n\"flights.flight.arrived\" = 1");
        let system =
            system([publisher("flight-ops", "flights", publishes), reader("delay-stats", &subscribes)]);
        let found = system.types(&TYPES).findings();
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].message.starts_with("flight-ops publishes flights.flight.departed@3"));
    }
}

#[test]
fn a_subscription_to_a_version_that_nobody_publishes_names_those_that_are() {
    let system = system([
        publisher("flight-ops", "flights", BOTH),
        reader("delay-stats", "\"flights.flight.departed\" = 3\n\"flights.flight.arrived\" = 1"),
    ])
    .types(&TYPES);
    insta::assert_snapshot!(render::terminal(&system.findings(), false));
}

#[test]
fn a_domain_that_is_misspelt_is_one_error_however_many_events_it_concerns() {
    let system = system([publisher("flight-ops", "flight", BOTH), reader("delay-stats", BOTH)]).types(&TYPES);
    assert_eq!(system.codes(), ["HW0105"]);
    assert_eq!(system.findings()[0].help.as_deref(), Some("write domain = \"flights\""));
}

#[test]
fn a_reader_too_old_for_a_version_hears_nothing_of_the_other_that_retires() {
    let publishes = "\"flights.flight.departed\" = [{ version = 1, sunset = \"2027-01-31\" }, 2]\n\
                     \"flights.flight.arrived\" = 1";
    let system = system([
        publisher("flight-ops", "flights", publishes),
        reader("delay-stats", "\"flights.flight.departed\" = 1\n\"flights.flight.arrived\" = 1"),
    ])
    .types(&TYPES);
    assert_eq!(system.codes(), ["HW0102"]);
}

#[test]
fn what_another_repository_gets_wrong_is_its_own_affair() {
    let system = system([publisher("flight-ops", "flights", BOTH), reader("delay-stats", BOTH)])
        .types(&TYPES)
        .imports(publisher("tower", "towers", "\"airport.gate.opened\" = 7\n\"flights.flight.arrived\" = 1"))
        .imports(reader("screens", "\"airport.gate.closed\" = 1"));
    assert!(system.findings().is_empty(), "{:?}", system.findings());
}

#[test]
fn what_another_repository_reads_of_ours_must_be_published_in_its_version() {
    let flight_ops = || publisher("flight-ops", "flights", BOTH);
    let gone = system([flight_ops(), reader("delay-stats", BOTH)])
        .types(&[&TYPES[..], &["flights.flight.gated@1"]].concat())
        .imports(reader("screens", "\"flights.flight.gated\" = 1"));
    assert_eq!(gone.codes(), ["HW0101"]);
    let too_new = system([flight_ops(), reader("delay-stats", BOTH)])
        .types(&TYPES)
        .imports(reader("screens", "\"flights.flight.departed\" = 1"));
    let found = too_new.findings();
    assert_eq!(too_new.codes(), ["HW0102"]);
    assert!(found[0].place.as_ref().unwrap().path.ends_with("flight-ops/contract.toml"));
}

#[test]
fn an_exemption_keeps_an_unread_event_quiet_until_its_day() {
    let publishes = "\"flights.flight.departed\" = { version = 1, \
                     unused_ok = { reason = \"the board follows\", until = \"2027-01-15\" } }";
    let mut system = system([publisher("flight-ops", "flights", publishes)]);
    assert!(system.findings().is_empty());
    system.today = "2027-01-16".parse().unwrap();
    assert_eq!(system.codes(), ["HW0404"]);
}

#[test]
fn a_name_that_is_not_the_crates_is_reported_at_the_name() {
    let contract = reader("delay-stats", BOTH);
    assert_eq!(misnamed(&contract, "delay-stats"), None);
    let finding = misnamed(&contract, "delays").unwrap();
    assert_eq!((finding.code.id(), finding.help.as_deref()), ("HW0107", Some("write name = \"delays\"")));
    assert_eq!(finding.place.unwrap().start().unwrap().line, 2);
}
