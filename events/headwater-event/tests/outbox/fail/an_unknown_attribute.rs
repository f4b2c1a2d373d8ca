use headwater_event::{Publishes, outbox};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

#[outbox(contrat = "../contract.toml", publishes(OrderPlaced), contract = "../contract.toml", contract = "other.toml")]
pub struct ShopOutbox {
    placed: Publishes<OrderPlaced>,
}

fn main() {}
