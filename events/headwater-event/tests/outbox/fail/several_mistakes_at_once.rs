use headwater_event::{Publishes, outbox};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

#[outbox(contract = "../contract.toml")]
pub struct ShopOutbox {
    paid: Publishes<OrderPaidV1>,
    sent_back: Publishes<OrderSentBack>,
}

fn main() {}
