//! The JSON Schemas that an event's type yields.

use headwater_event::{Event, EventSet, JsonSchema};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Paid, in euros.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
struct OrderPaidV1 {
    #[event(key)]
    order: String,
    euros: u64,
}

/// The order was paid.
#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 2, upcasts = OrderPaidV1)]
#[serde(rename_all(deserialize = "camelCase"))]
struct OrderPaid {
    #[event(key)]
    #[serde(alias = "id", alias = "orderNumber")]
    order: String,
    #[serde(alias = "amount")]
    cents_paid: u64,
    #[serde(rename = "payer", alias = "customer", default)]
    paid_by: String,
    #[serde(alias = "more")]
    extra: serde_json::Value,
    #[serde(alias = "comment", skip_deserializing)]
    note: String,
    r#type: String,
}

impl From<OrderPaidV1> for OrderPaid {
    fn from(old: OrderPaidV1) -> Self {
        Self {
            order: old.order,
            cents_paid: old.euros * 100,
            paid_by: String::new(),
            extra: serde_json::Value::Null,
            note: String::new(),
            r#type: String::new(),
        }
    }
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "shipped", version = 1)]
struct OrderShipped {
    #[event(key)]
    order: String,
}

#[derive(EventSet)]
enum OrderEvent {
    Paid(OrderPaid),
    Shipped(OrderShipped),
}

#[test]
fn a_set_has_the_schemas_of_all_its_events_and_of_their_older_versions() {
    let schemas = OrderEvent::schemas();
    let told: Vec<_> = schemas
        .iter()
        .map(|schema| {
            (schema.event_type.to_string(), schema.rust_type, schema.upcasts, schema.doc.as_deref())
        })
        .collect();
    assert_eq!(
        told,
        [
            (
                "dev.headwater.orders.order.paid.v2".to_owned(),
                "schemas::OrderPaid",
                true,
                Some("The order was paid.")
            ),
            (
                "dev.headwater.orders.order.paid.v1".to_owned(),
                "schemas::OrderPaidV1",
                false,
                Some("Paid, in euros.")
            ),
            ("dev.headwater.orders.order.shipped.v1".to_owned(), "schemas::OrderShipped", false, None),
        ]
    );
    assert_eq!(<OrderPaid as EventSet>::schemas(), schemas[..2]);
}

#[test]
fn what_is_written_and_what_is_read_have_schemas_of_their_own() {
    let schema = &<OrderPaid as Event>::schemas()[0];
    let required = |schema: &serde_json::Value| schema["required"].clone();
    assert_eq!(required(&schema.serialize), json!(["order", "cents_paid", "payer", "extra", "note", "type"]));
    assert_eq!(required(&schema.deserialize), json!(["order", "centsPaid", "extra", "type"]));
}

#[test]
fn the_names_that_an_alias_adds_are_in_the_schema_of_what_is_read() {
    let schema = &<OrderPaid as Event>::schemas()[0];
    let aliases = |property: &str| schema.deserialize["properties"][property]["x-serde-alias"].clone();
    assert_eq!(aliases("order"), json!(["id", "orderNumber"]));
    assert_eq!(aliases("centsPaid"), json!(["amount"]));
    assert_eq!(aliases("payer"), json!(["customer"]));
    assert_eq!(aliases("extra"), json!(["more"]));
    assert_eq!(aliases("type"), json!(null));
    assert!(!schema.serialize.to_string().contains("x-serde-alias"));
}

#[test]
fn every_declared_event_is_found_once_with_the_place_of_its_declaration() {
    let all = headwater_event::declared_events(&[]);
    let mut types: Vec<&str> = all.iter().map(|schema| schema.rust_type).collect();
    types.sort_unstable();
    let mut once = types.clone();
    once.dedup();
    assert_eq!(types, once);
    for schema in <OrderPaid as Event>::schemas() {
        let found = all.iter().find(|found| found.rust_type == schema.rust_type).unwrap();
        assert_eq!(*found, schema);
        assert!(found.declared_at.file.ends_with("tests/schemas.rs") && found.declared_at.line > 1);
    }
    assert_eq!(headwater_event::declared_events(&all), []);
}
