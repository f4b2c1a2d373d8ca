use headwater_event::{Publishes, outbox};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

#[outbox(contract = 7)]
pub struct ShopOutbox {
    placed: Publishes<OrderPlaced>,
}

fn main() {}
