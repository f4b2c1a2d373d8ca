use headwater_event::{Events, Outbox, Publishes, outbox};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

#[outbox]
struct ShopOutbox {
    placed: Publishes<OrderPlaced>,
    paid: Publishes<OrderPaidV1>,
}

fn main() {
    let order = || "7".to_owned();
    let outbox = ShopOutbox::new();
    let _: Events<OrderPaid> = vec![OrderPaid { order: order() }].into();
    let _: Events<OrderPaid> = outbox.placed.emit(OrderPlaced { order: order() });
    // A conversion doesn't make it another event.
    let _: Events<OrderPaid> = outbox.paid.emit(OrderPaidV1 { order: order() });
    let _ = Publishes::<OrderPaid> {};
}
