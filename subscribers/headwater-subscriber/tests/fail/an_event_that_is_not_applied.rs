use headwater_event::{Event, JsonSchema};
use headwater_subscriber::{Projection, Table};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
struct OrderPaid {
    #[event(key)]
    order: String,
}

#[derive(Projection)]
#[projection(name = "revenue", applies(OrderPaid))]
struct Revenue {
    by_order: Table<String, u64>,
}

fn main() {}
