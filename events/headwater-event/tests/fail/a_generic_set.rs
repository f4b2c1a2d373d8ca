use headwater_event::{Event, EventSet, JsonSchema};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
struct OrderPaid {
    #[event(key)]
    order: String,
}

#[derive(EventSet)]
enum OrderEvent<T> {
    Paid(OrderPaid),
    Other(T),
}

fn main() {}
