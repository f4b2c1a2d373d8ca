use headwater_event::{Publishes, outbox};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

#[outbox(contract = "a_contract_with_mistakes.toml")]
pub struct ShopOutbox {
    placed: Publishes<OrderPlaced>,
}

fn main() {}
