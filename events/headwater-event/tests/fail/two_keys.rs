use headwater_event::{Event, JsonSchema};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
struct OrderPaid {
    #[event(key)]
    order: String,
    #[event(key)]
    customer: String,
}

fn main() {}
