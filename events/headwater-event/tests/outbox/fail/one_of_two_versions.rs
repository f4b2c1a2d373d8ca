use headwater_event::{Publishes, outbox};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

#[outbox(contract = "one_of_two_versions.toml")]
pub struct ShopOutbox {
    paid: Publishes<OrderPaid>,
}

fn main() {}
