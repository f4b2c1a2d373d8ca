//! What the macros write needs no import and is not confused by names that shadow the prelude's.
#![allow(dead_code)]

struct Result;
struct Option;
struct EventType;
struct DecodeError;
trait Event {}
trait EventSet {}
trait From {}

#[derive(serde::Serialize, serde::Deserialize, headwater_event::JsonSchema, headwater_event::Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
struct OrderPaidV1 {
    #[event(key)]
    order: String,
}

mod older {
    pub(crate) type Paid = super::OrderPaidV1;
}

#[derive(serde::Serialize, serde::Deserialize, headwater_event::JsonSchema, headwater_event::Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 2, upcasts = older::Paid)]
struct OrderPaid {
    #[event(key)]
    order: String,
}

impl std::convert::From<OrderPaidV1> for OrderPaid {
    fn from(old: OrderPaidV1) -> Self {
        Self { order: old.order }
    }
}

#[derive(headwater_event::EventSet)]
enum OrderEvent {
    Paid(OrderPaid),
}

fn main() {
    let stored = <OrderPaidV1 as headwater_event::Event>::TYPE;
    let event = <OrderEvent as headwater_event::EventSet>::decode(stored, br#"{"order":"7"}"#);
    assert!(matches!(event, Ok(Some(OrderEvent::Paid(OrderPaid { order })) ) if order == "7"));
}
