use headwater_event::{Publishes, outbox};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

#[outbox]
pub struct ShopOutbox {
    placed: Publishes<OrderPlaced>,
}

fn serves<O: headwater_event::Contracted>() {}

fn main() {
    serves::<ShopOutbox>();
}
