//! Names in scope don't matter to what the macros write, and neither do names that shadow the prelude's.
#![no_implicit_prelude]

#[derive(::serde::Serialize, ::serde::Deserialize, ::headwater_event::JsonSchema, ::headwater_event::Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
struct OrderPaidV1 {
    #[event(key)]
    order: ::std::string::String,
}

mod newer {
    pub(crate) type Older = super::OrderPaidV1;
}

#[derive(::serde::Serialize, ::serde::Deserialize, ::headwater_event::JsonSchema, ::headwater_event::Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 2, upcasts = newer::Older)]
struct OrderPaid {
    #[event(key)]
    order: ::std::string::String,
}

impl ::std::convert::From<OrderPaidV1> for OrderPaid {
    fn from(old: OrderPaidV1) -> Self {
        Self { order: old.order }
    }
}

#[derive(::headwater_event::EventSet)]
enum OrderEvent {
    Paid(OrderPaid),
}

#[allow(dead_code)]
struct Result;
#[allow(dead_code)]
struct Option;

fn main() {
    let data = br#"{"order":"7"}"#;
    let event = <OrderEvent as ::headwater_event::EventSet>::decode(
        <OrderPaidV1 as ::headwater_event::Event>::TYPE,
        data,
    );
    ::std::assert!(::std::matches!(event, ::std::result::Result::Ok(::std::option::Option::Some(_))));
}
