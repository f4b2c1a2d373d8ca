use headwater_event::{Event, JsonSchema};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
struct OrderPaidV1 {
    #[event(key)]
    order: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 1, upcasts = OrderPaidV1)]
struct OrderPaid {
    #[event(key)]
    order: String,
}

fn main() {}
