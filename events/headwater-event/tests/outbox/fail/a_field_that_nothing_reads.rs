use headwater_event::{Publishes, outbox};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

#[outbox(contract = "../contract.toml")]
pub struct ShopOutbox {
    placed: Publishes<OrderPlaced>,
    pub(crate) paid: Publishes<OrderPaid>,
}

fn main() {
    use headwater_event::Outbox;
    let _ = ShopOutbox::new().placed.emit::<OrderPlaced>(OrderPlaced { order: "7".into() });
}
