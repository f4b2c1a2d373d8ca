//! What isn't made, and what to do instead.

use crate::command::run;
use crate::repository::Repository;

#[test]
fn nothing_is_made_that_would_not_fit() {
    let repository = Repository::copy();
    let new = |arguments: &[&str]| repository.headwater(&[&["new"], arguments].concat());
    let on = |name: &str, event: &str| new(&["subscriber", name, "--on", event]).failed(2);
    assert_eq!(
        on("gate-times", "flights.flight.departed@3"),
        "error: there is no flights.flight.departed@3: there are @1 and @2, and flight-ops publishes @2\n"
    );
    assert_eq!(
        on("gate-times", "flights.flight.departd@2"),
        "error: no events crate declares flights.flight.departd; did you mean flights.flight.departed?\n"
    );
    assert_eq!(
        on("gate-times", "flights.flight.departed"),
        "error: say which version of flights.flight.departed, as in flights.flight.departed@2: there are @1 and @2, and \
         flight-ops publishes @2\n"
    );
    assert_eq!(
        on("Gate_Times", "flights.flight.departed@2"),
        "error: \"Gate_Times\" can't be the name of a crate: write lower-case words with hyphens between them, each \
         beginning with a letter, as in gate-times\n"
    );
    assert_eq!(
        on("delay-stats", "flights.flight.departed@2"),
        "error: there is a crate delay-stats in this workspace already; choose another name\n"
    );
    assert_eq!(
        on("flight-departed", "flights.flight.departed@2"),
        "error: flight-departed would call its main type FlightDeparted, as flights.flight.departed@2 is called; choose \
         another name\n"
    );
    assert_eq!(
        new(&[
            "subscriber",
            "both",
            "--on",
            "flights.flight.departed@2",
            "--on",
            "weather.station.observed@1"
        ])
        .failed(2),
        "error: flights.flight.departed@2 and weather.station.observed@1 are of two domains, and a projection follows the \
         stream of one; make a subscriber for each\n"
    );
    assert_eq!(
        new(&["publisher", "gates", "--domain", "gates", "--publishes", "flights.flight.departed@2"])
            .failed(2),
        "error: flights.flight.departed is of the domain flights, and a service publishes events of its own domain only; \
         use --domain flights, or an event of gates\n"
    );
    assert_eq!(
        new(&["event", "flights.boarded"]).failed(2),
        "error: \"flights.boarded\" doesn't name an event: write domain.aggregate.event, as in flights.flight.departed\n"
    );
    assert_eq!(
        new(&["event", "flights.flight.departed"]).failed(2),
        "error: there is flights.flight.departed@2 already; for a change that its readers must follow, write a type with \
         `version = 3, upcasts = FlightDeparted` beside it\n"
    );

    // A reader may not be behind what is published. That is found by the check of the whole system.
    let behind = new(&["subscriber", "gate-times", "--on", "flights.flight.departed@1"]);
    assert_eq!(behind.code, Some(1), "{behind:?}");
    assert!(behind.out.contains("error[HW0102]"), "{behind:?}");
    assert!(behind.out.ends_with("nothing was written: the build would fail with this\n"), "{behind:?}");
    assert!(!repository.root.join("subscribers/gate-times").exists());
}

#[test]
fn the_help_names_no_options_of_a_broker() {
    let help = run(["new", "subscriber", "--help"]).done();
    assert!(help.contains("--on <EVENT@VERSION>") && help.contains("3  it could not be found out"), "{help}");
    assert!(!help.contains("--server"), "{help}");
}
