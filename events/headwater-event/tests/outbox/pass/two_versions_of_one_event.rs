use headwater_event::{Publishes, outbox};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

#[outbox(contract = "two_versions_of_one_event.toml")]
struct ShopOutbox {
    paid: Publishes<OrderPaid>,
    paid_v1: Publishes<OrderPaidV1>,
}

fn main() {
    use headwater_event::Outbox;
    let outbox = ShopOutbox::new();
    let order = || "7".to_owned();
    assert_eq!(outbox.paid.emit::<OrderPaid>(OrderPaid { order: order() }).len(), 1);
    assert_eq!(outbox.paid_v1.emit::<OrderPaidV1>(OrderPaidV1 { order: order() }).len(), 1);
}
