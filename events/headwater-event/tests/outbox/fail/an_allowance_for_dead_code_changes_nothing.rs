#![allow(dead_code)]

use headwater_event::{Publishes, outbox};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

#[outbox(contract = "../contract.toml")]
#[allow(dead_code)]
struct ShopOutbox {
    placed: Publishes<OrderPlaced>,
    paid: Publishes<OrderPaid>,
}

fn main() {}
