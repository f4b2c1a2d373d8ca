//! Old data in new programs: every stored version is read as the newest, and no version is guessed at.

use std::error::Error as _;

use headwater_event::{DecodeError, Event, EventSet, EventType, JsonSchema};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
struct OrderPaidV1 {
    #[event(key)]
    order: String,
    euros: u64,
}

/// Prices are in cents since version 2.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 2, upcasts = OrderPaidV1)]
struct OrderPaidV2 {
    #[event(key)]
    order: String,
    cents: u64,
}

/// Prices have a currency since version 3.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 3, upcasts = OrderPaidV2)]
struct OrderPaid {
    #[event(key)]
    order: String,
    amount: u64,
    currency: String,
}

impl From<OrderPaidV1> for OrderPaidV2 {
    fn from(old: OrderPaidV1) -> Self {
        Self { order: old.order, cents: old.euros * 100 }
    }
}

impl From<OrderPaidV2> for OrderPaid {
    fn from(old: OrderPaidV2) -> Self {
        Self { order: old.order, amount: old.cents, currency: "EUR".to_owned() }
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "shipped", version = 1)]
struct OrderShipped {
    #[event(key)]
    order: String,
}

#[derive(Debug, PartialEq, EventSet)]
enum OrderEvent {
    Paid(OrderPaid),
    Shipped(OrderShipped),
}

fn paid() -> OrderPaid {
    OrderPaid { order: "7".to_owned(), amount: 300, currency: "EUR".to_owned() }
}

const STORED: [(u32, &[u8]); 3] = [
    (1, br#"{"order":"7","euros":3}"#),
    (2, br#"{"order":"7","cents":300}"#),
    (3, br#"{"order":"7","amount":300,"currency":"EUR"}"#),
];

#[test]
fn every_stored_version_is_read_as_the_newest() {
    for (version, data) in STORED {
        assert_eq!(<OrderPaid as Event>::decode(version, data).unwrap(), paid(), "version {version}");
    }
}

#[test]
fn a_set_reads_every_stored_version_as_the_newest() {
    for (version, data) in STORED {
        let stored = EventType { version, ..OrderPaid::TYPE };
        let event = <OrderEvent as EventSet>::decode(stored, data).unwrap();
        assert_eq!(event, Some(OrderEvent::Paid(paid())), "version {version}");
    }
}

#[test]
fn a_set_passes_over_events_that_are_not_in_it() {
    let other = EventType { name: "cancelled", ..OrderPaid::TYPE };
    assert_eq!(<OrderEvent as EventSet>::decode(other, b"whatever").unwrap(), None);
    let other = EventType { namespace: "org.example", ..OrderPaid::TYPE };
    assert_eq!(<OrderEvent as EventSet>::decode(other, b"whatever").unwrap(), None);
}

#[test]
fn a_set_knows_its_types_and_writes_each_of_them_as_itself() {
    assert_eq!(OrderEvent::TYPES, [OrderPaid::TYPE, OrderShipped::TYPE]);
    let event = OrderEvent::from(OrderShipped { order: "7".to_owned() });
    assert_eq!(event.event_type(), OrderShipped::TYPE);
    assert_eq!(event.key(), "7");
    assert_eq!(event.to_json().unwrap(), r#"{"order":"7"}"#);
}

#[test]
fn a_version_from_the_future_is_an_error_that_says_what_to_do() {
    let expected = "dev.headwater.orders.order.paid.v4 is newer than version 3, the newest that this program knows; upgrade it";
    let newest = STORED[2].1;
    let error = <OrderPaid as Event>::decode(4, newest).unwrap_err();
    assert!(matches!(error, DecodeError::Version { newest: 3, .. }));
    assert_eq!(error.to_string(), expected);
    let stored = EventType { version: 4, ..OrderPaid::TYPE };
    assert_eq!(<OrderEvent as EventSet>::decode(stored, newest).unwrap_err().to_string(), expected);
}

#[test]
fn data_that_do_not_fit_are_an_error_that_names_the_version_that_was_stored() {
    for (version, field) in [(1, "euros"), (2, "cents"), (3, "amount")] {
        let error = <OrderPaid as Event>::decode(version, br#"{"order":"7"}"#).unwrap_err();
        let event = format!("dev.headwater.orders.order.paid.v{version}");
        assert_eq!(error.to_string(), format!("the data of {event} can't be read"));
        let cause = error.source().unwrap().to_string();
        assert_eq!(cause, format!("missing field `{field}` at line 1 column 13"));
    }
}
