use headwater_event::{Event, JsonSchema};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event()]
struct OrderPaid {
    #[event(key)]
    order: String,
}

fn main() {}
