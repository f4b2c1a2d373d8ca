use headwater_subscriber::{Effect, React, ReactError, Reactor, Recorded};

#[path = "../../contract/orders/mod.rs"]
mod orders;
use orders::*;

#[derive(Reactor)]
#[reactor(contract = "../contract.toml", handles(OrderPlaced))]
struct Receipts {
    host: String,
}

impl React<OrderPlaced> for Receipts {
    async fn react(&self, _: &Recorded<'_, OrderPlaced>, _: &Effect) -> Result<(), ReactError> {
        println!("{}", self.host);
        Ok(())
    }
}

fn main() {}
