use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use headwater_event::{Event, EventSet, JsonSchema};
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
pub struct OrderId(String);

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for OrderId {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

/// Attributes may be spread over several lists.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(namespace = "org.example-shop", domain = "web-orders", aggregate = "order_2")]
#[event(name = "paid", version = 1)]
pub struct OrderPaid {
    pub cents: u64,
    #[event(key)]
    #[serde(rename = "id")]
    pub order: OrderId,
}

fn main() {
    assert_eq!(OrderPaid::TYPE.to_string(), "org.example-shop.web-orders.order_2.paid.v1");
    assert_eq!(<OrderPaid as EventSet>::TYPES, [OrderPaid::TYPE]);
}
