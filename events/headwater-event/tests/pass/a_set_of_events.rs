use headwater_event::{Event, EventSet, JsonSchema};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
struct OrderPaid {
    #[event(key)]
    order: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "shipped", version = 1)]
struct OrderShipped {
    #[event(key)]
    order: String,
}

#[derive(EventSet)]
enum OrderEvent {
    Paid(OrderPaid),
    Shipped(OrderShipped),
}

fn main() {
    let event: OrderEvent = OrderPaid { order: "7".to_owned() }.into();
    assert_eq!(event.key(), "7");
    assert_eq!(OrderEvent::TYPES.len(), 2);
}
