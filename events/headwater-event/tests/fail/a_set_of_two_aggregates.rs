use headwater_event::{Event, EventSet, JsonSchema};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
struct OrderPaid {
    #[event(key)]
    order: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "stock", aggregate = "item", name = "moved", version = 1)]
struct ItemMoved {
    #[event(key)]
    item: String,
}

#[derive(EventSet)]
enum OrderEvent {
    Paid(OrderPaid),
    Moved(ItemMoved),
}

fn main() {}
