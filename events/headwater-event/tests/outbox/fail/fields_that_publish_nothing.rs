use headwater_event::{Publishes, outbox};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

#[outbox(contract = "../contract.toml")]
pub struct ShopOutbox {
    placed: Publishes<OrderPlaced>,
    paid: OrderPaid,
    orders: Vec<OrderPaid>,
    all: Publishes<OrderPaid, OrderPlaced>,
    name: &'static str,
}

fn main() {}
