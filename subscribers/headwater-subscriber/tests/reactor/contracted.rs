//! A reactor that fits its contract, which is the one of the macro's fixtures.

use headwater_subscriber::{
    Contracted as _, Effect, React, ReactError, Reactor, ReactorOptions, Recorded, reactor_main,
};

#[allow(unreachable_pub, reason = "in the fixtures it is a program's own")]
#[path = "../contract/orders/mod.rs"]
mod orders;
use orders::{OrderPaid, OrderPlaced};

#[derive(Reactor)]
#[reactor(contract = "tests/reactor_derive/contract.toml", version = 2, handles(OrderPaid, OrderPlaced))]
struct Receipts;

impl React<OrderPlaced> for Receipts {
    async fn react(&self, _: &Recorded<'_, OrderPlaced>, _: &Effect) -> Result<(), ReactError> {
        Ok(())
    }
}

impl React<OrderPaid> for Receipts {
    async fn react(&self, _: &Recorded<'_, OrderPaid>, _: &Effect) -> Result<(), ReactError> {
        Ok(())
    }
}

#[test]
fn a_reactor_has_its_service_s_name_and_its_events_schemas() {
    assert_eq!((Receipts::NAME, Receipts::VERSION, Receipts::EVENTS.len()), ("receipts", 2, 2));
    assert_eq!(Receipts::CONTRACT.service, "receipts");
    let schemas: Vec<_> = Receipts::schemas().iter().map(|schema| schema.event_type.version).collect();
    assert_eq!(schemas, [2, 1, 1]);
    // It is all that a service's `main` needs.
    let _main = || reactor_main("Sends receipts", ReactorOptions::default(), || Ok(Receipts));
}
