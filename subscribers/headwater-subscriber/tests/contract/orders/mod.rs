//! The events of the fixtures.
#![allow(dead_code)]

use headwater_event::{Event, JsonSchema};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "placed", version = 1)]
pub struct OrderPlaced {
    #[event(key)]
    pub order: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
pub struct OrderPaidV1 {
    #[event(key)]
    pub order: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 2, upcasts = OrderPaidV1)]
pub struct OrderPaid {
    #[event(key)]
    pub order: String,
}

impl From<OrderPaidV1> for OrderPaid {
    fn from(old: OrderPaidV1) -> Self {
        Self { order: old.order }
    }
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "sent-back", version = 1)]
pub struct OrderSentBack {
    #[event(key)]
    pub order: String,
}
