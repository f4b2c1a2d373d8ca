use headwater_event::{Publishes, outbox};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

#[outbox(contract = "../contract.toml")]
pub struct ShopOutbox {
    placed: Publishes<OrderPlaced>,
    paid: Publishes<OrderPaidV1>,
}

fn main() {}
