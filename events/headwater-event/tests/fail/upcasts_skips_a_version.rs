use headwater_event::{Event, JsonSchema};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
struct OrderPaidV1 {
    #[event(key)]
    order: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 3, upcasts = OrderPaidV1)]
struct OrderPaid {
    #[event(key)]
    order: String,
}

impl From<OrderPaidV1> for OrderPaid {
    fn from(old: OrderPaidV1) -> Self {
        Self { order: old.order }
    }
}

fn main() {}
