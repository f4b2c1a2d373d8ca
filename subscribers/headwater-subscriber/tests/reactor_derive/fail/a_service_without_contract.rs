use headwater_subscriber::{Effect, React, ReactError, Reactor, Recorded};

#[path = "../../contract/orders/mod.rs"]
mod orders;
use orders::*;

#[derive(Reactor)]
#[reactor(name = "receipts", handles(OrderPlaced))]
struct Receipts {
    host: String,
}

impl React<OrderPlaced> for Receipts {
    async fn react(&self, _: &Recorded<'_, OrderPlaced>, _: &Effect) -> Result<(), ReactError> {
        println!("{}", self.host);
        Ok(())
    }
}

fn main() {
    let make = || Ok(Receipts { host: String::new() });
    let _ = headwater_subscriber::reactor_main("Sends receipts", headwater_subscriber::ReactorOptions::default(), make);
}
