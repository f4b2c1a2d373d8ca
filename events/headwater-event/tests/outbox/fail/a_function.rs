use headwater_event::{Publishes, outbox};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

#[outbox(contract = "../contract.toml")]
fn main() {}
