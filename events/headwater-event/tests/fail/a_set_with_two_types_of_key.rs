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
    order: u64,
}

#[derive(EventSet)]
enum OrderEvent {
    Paid(OrderPaid),
    Shipped(OrderShipped),
}

fn main() {}
