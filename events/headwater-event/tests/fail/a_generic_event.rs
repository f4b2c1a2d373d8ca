use headwater_event::{Event, JsonSchema};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
struct OrderPaid<T> {
    #[event(key)]
    order: String,
    by: T,
}

fn main() {}
