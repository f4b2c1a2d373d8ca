use headwater_event::{Publishes, outbox};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

use headwater_event::Outbox;

#[outbox]
#[allow(dead_code)]
struct ShopOutbox {
    placed: Publishes<OrderPlaced>,
}

#[outbox]
struct Nothing;

fn main() {
    assert_eq!(ShopOutbox::new().placed.emit::<OrderPlaced>(OrderPlaced { order: "7".into() }).len(), 1);
    assert!(Nothing::EVENTS.is_empty());
    let _ = Nothing::new();
}
