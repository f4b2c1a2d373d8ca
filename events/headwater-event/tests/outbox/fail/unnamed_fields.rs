use headwater_event::{Publishes, outbox};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

#[outbox(contract = "../contract.toml")]
pub struct ShopOutbox(Publishes<OrderPlaced>, Publishes<OrderPaid>);

fn main() {}
