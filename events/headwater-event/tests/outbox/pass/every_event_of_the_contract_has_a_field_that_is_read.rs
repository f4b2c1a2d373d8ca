use headwater_event::{Publishes, outbox};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

use headwater_event::{Contracted, EventSet, Events, Outbox};

#[outbox(contract = "../contract.toml")]
pub struct ShopOutbox {
    placed: Publishes<OrderPlaced>,
    /// A type may be named by its path, and a field as one likes.
    money_arrived: Publishes<orders::OrderPaid>,
}

#[derive(EventSet)]
enum OrderEvent {
    Placed(OrderPlaced),
    Paid(OrderPaid),
}

fn both(outbox: &ShopOutbox) -> Events<OrderEvent> {
    let order = || "7".to_owned();
    outbox.placed.emit(OrderPlaced { order: order() }).and(outbox.money_arrived.emit(OrderPaid { order: order() }))
}

fn main() {
    let names: Vec<_> = both(&ShopOutbox::new()).iter().map(|event| event.event_type().name).collect();
    assert_eq!(names, ["placed", "paid"]);
    assert_eq!(ShopOutbox::EVENTS.len(), 2);
    assert_eq!(ShopOutbox::CONTRACT.service, "shop");
    assert!(ShopOutbox::CONTRACT.text.starts_with("[service]"));
    assert_eq!(ShopOutbox::schemas().len(), 3);
}
