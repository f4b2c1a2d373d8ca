//! What is made compiles, fits the system and passes its own test.

use crate::repository::Repository;

#[test]
fn a_new_event_has_its_publisher_and_its_reader_before_services_build_again() {
    let repository = Repository::copy();
    let said =
        repository.headwater(&["new", "event", "orders.order.paid", "--about", "An order was paid."]).done();
    assert_eq!(
        said,
        "changed Cargo.toml\n\
         created events/orders-events/Cargo.toml\n\
         created events/orders-events/src/lib.rs\n\
         created events/orders-events/src/order_paid.rs\n\
         changed schemas/reference/Cargo.toml\n\
         changed schemas/reference/build.rs\n\
         \n\
         add the fields in events/orders-events/src/order_paid.rs, and say what they mean, before its schema is registered\n\
         \n\
         the build of every service fails until it is\n  \
           registered (HW0001): headwater schema accept orders.order.paid\n  \
           published (HW0202): headwater new publisher NAME --domain orders --publishes orders.order.paid@1\n  \
           read (HW0201): headwater new subscriber NAME --on orders.order.paid@1\n\
         \n\
         next:\n  cargo test -p orders-events\n  headwater schema accept orders.order.paid\n"
    );
    repository.check("weather-station").fails_with(&[
        "[HW0001] orders.order.paid@1 has no registered schema",
        "help: run `headwater schema accept`",
        "[HW0202] orders.order.paid@1 is declared and published by nobody",
    ]);

    let accepted = repository.headwater(&["schema", "accept", "orders.order.paid"]).done();
    assert!(accepted.starts_with("registered orders.order.paid@1, a new version\n"), "{accepted}");
    let said = repository
        .headwater(&[
            "new",
            "publisher",
            "shop",
            "--domain",
            "orders",
            "--publishes",
            "orders.order.paid@1",
            "--owner",
            "sales",
        ])
        .done();
    assert!(said.contains("created publishers/shop/src/decide.rs\n"), "{said}");
    assert!(
        said.contains(
            "orders.order.paid@1 is read by nobody yet, so the build fails with HW0201 until a service reads it: make \
             one with `headwater new subscriber`, or subscribe in the contract of one that is there\n"
        ),
        "{said}"
    );
    assert!(said.contains("next:\n  headwater new subscriber NAME --on orders.order.paid@1\n"), "{said}");
    repository
        .check("shop")
        .fails_with(&["[HW0201] orders.order.paid@1 is published by shop and read by nobody"]);

    let on = ["new", "subscriber", "order-count", "--owner", "sales", "--on", "orders.order.paid@1"];
    let said = repository.headwater(&on).done();
    assert_eq!(
        said,
        "created subscribers/order-count/Cargo.toml\n\
         created subscribers/order-count/contract.toml\n\
         created subscribers/order-count/src/lib.rs\n\
         created subscribers/order-count/src/main.rs\n\
         created subscribers/order-count/src/order_count.rs\n\
         created subscribers/order-count/tests/counting.rs\n\
         \n\
         next:\n  cargo test -p order-count\n  headwater schema graph\n"
    );
    let on = [
        "new",
        "subscriber",
        "gate-times",
        "--on",
        "flights.flight.departed@2",
        "--on",
        "flights.flight.arrived@1",
    ];
    let said = repository.headwater(&on).done();
    assert!(
        said.contains("name the team that answers for it as `owner` in subscribers/gate-times/contract.toml"),
        "{said}"
    );
    let boarded = repository.headwater(&["new", "event", "flights.flight.boarded"]).done();
    assert!(boarded.contains("changed events/flight-events/src/flight/event.rs\n"), "{boarded}");
    assert!(
        boarded.contains("in flight-ops: add `\"flights.flight.boarded\" = 1` to [publishes]"),
        "{boarded}"
    );
    repository
        .check("gate-times")
        .fails_with(&["[HW0001] flights.flight.boarded@1 has no registered schema"]);
}

#[test]
fn new_services_pass_their_tests_and_are_in_the_graph() {
    let repository = Repository::copy();
    repository.headwater(&["new", "event", "orders.order.paid"]).done();
    repository.headwater(&["schema", "accept"]).done();
    repository
        .headwater(&["new", "publisher", "shop", "--domain", "orders", "--publishes", "orders.order.paid@1"])
        .done();
    repository.headwater(&["new", "subscriber", "order-count", "--on", "orders.order.paid@1"]).done();
    let on = [
        "new",
        "subscriber",
        "gate-times",
        "--on",
        "flights.flight.departed@2",
        "--on",
        "flights.flight.arrived@1",
    ];
    repository.headwater(&on).done();

    let packages = ["-p", "orders-events", "-p", "shop", "-p", "order-count", "-p", "gate-times"];
    repository.cargo(&[&["test"][..], &packages].concat()).passes();
    repository.cargo(&[&["fmt", "--check"][..], &packages].concat()).passes();
    let graph = repository.headwater(&["schema", "graph"]).done();
    assert!(
        graph.contains("orders.order.paid\n  published by shop @1\n  read by order-count @1\n"),
        "{graph}"
    );
    assert!(graph.contains("departure-board @2, gate-times @2\n"), "{graph}");

    // From then on, what the code does and what the contract says must be the same.
    let (contract, code) =
        ("subscribers/gate-times/contract.toml", "subscribers/gate-times/src/gate_times.rs");
    let (written, applying) = (repository.read(contract), repository.read(code));
    repository.edit(contract, "\"flights.flight.arrived\" = 1\n", "");
    repository.check("gate-times").fails_with(&[
        "`FlightArrived` is flights.flight.arrived@1, and contract.toml doesn't subscribe to it: add \
         `\"flights.flight.arrived\" = 1` under [subscribes] there, or remove it from `applies`",
    ]);
    repository.write(contract, &written);
    repository.edit(code, "applies(FlightDeparted, FlightArrived)", "applies(FlightDeparted)");
    repository.check("gate-times").fails_with(&[
        "contract.toml:7 subscribes to flights.flight.arrived@1, and `GateTimes` doesn't apply it: add the event's type to \
         `applies(...)` and implement `Apply` for it, or remove the line",
    ]);
    let (first, _) = applying.rsplit_once("\nimpl Apply<FlightArrived>").unwrap();
    repository.write(code, first);
    repository.check("gate-times").fails_with(&[
        "error[E0277]: `GateTimes` does not handle `FlightArrived`",
        "write `impl Apply<FlightArrived> for GateTimes`, with `fn apply(&self, event: &Recorded<'_, FlightArrived>, tx: \
         &mut Tx<'_>) -> Result<(), ApplyError>`",
    ]);
    repository.write(code, &applying);
    repository.edit(contract, "by_flight = ", "by_carrier = ");
    repository.check("gate-times").fails_with(&[
        "`by_flight` is not under [keeps] in contract.toml: add `by_flight = \"...\"` there",
        "contract.toml:10 keeps `by_carrier`, and `GateTimes` has no such table",
    ]);
}
