use headwater_subscriber::{Effect, React, ReactError, Reactor, Recorded};

#[path = "../../contract/orders/mod.rs"]
mod orders;
use orders::*;

#[derive(Reactor)]
#[reactor(name = "receipts")]
struct Receipts {
    host: String,
}

fn main() {}
