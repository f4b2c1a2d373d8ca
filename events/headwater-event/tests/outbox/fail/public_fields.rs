use headwater_event::{Publishes, outbox};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

#[outbox(contract = "../contract.toml")]
pub struct ShopOutbox {
    pub placed: Publishes<OrderPlaced>,
    pub paid: Publishes<OrderPaid>,
}

fn main() {}
