//! A small domain, and a projection of it.

use headwater_event::{Aggregate, Domain, Envelope, Event, JsonSchema};
use headwater_log::{Append, EventLog};
use headwater_subscriber::{Apply, ApplyError, Projection, Recorded, Table, Tx};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "placed", version = 1)]
pub(crate) struct OrderPlaced {
    #[event(key)]
    pub(crate) order: String,
    pub(crate) customer: String,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
pub(crate) struct OrderPaid {
    #[event(key)]
    pub(crate) order: String,
    pub(crate) cents: u64,
}

/// What was paid, and by whom it was ordered.
#[derive(Projection)]
#[projection(name = "revenue", applies(OrderPlaced, OrderPaid))]
pub(crate) struct Revenue {
    customers: Table<String, String>,
    payments: Table<String, Payments>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Payments {
    count: u64,
    cents: u64,
}

impl Apply<OrderPlaced> for Revenue {
    fn apply(&self, event: &Recorded<'_, OrderPlaced>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        self.customers.put(tx, &event.data.order, event.data.customer.clone())
    }
}

impl Apply<OrderPaid> for Revenue {
    fn apply(&self, event: &Recorded<'_, OrderPaid>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        self.payments.update(tx, &event.data.order, |payments| {
            payments.count += 1;
            payments.cents += event.data.cents;
        })
    }
}

pub(crate) fn domain() -> Domain {
    "orders".parse().unwrap()
}

/// Stores three events: order 7 is placed and paid, order 8 is placed.
pub(crate) async fn store_three_events(log: &dyn EventLog) {
    log.open(&domain()).await.unwrap();
    let placed = |order: &str, customer: &str| OrderPlaced { order: order.into(), customer: customer.into() };
    let seven = store(log, &placed("7", "Ana"), "2013-01-01T10:00:00Z", 0).await;
    pay(log, 300, "2013-01-01T10:05:00Z", seven).await;
    store(log, &placed("8", "Bo"), "2013-01-01T10:07:30.5Z", 0).await;
}

/// Stores that order 7 was paid; its events before end at `expected`.
pub(crate) async fn pay(log: &dyn EventLog, cents: u64, time: &str, expected: u64) -> u64 {
    store(log, &OrderPaid { order: "7".into(), cents }, time, expected).await
}

async fn store<E: Event<Key = String>>(log: &dyn EventLog, event: &E, time: &str, expected: u64) -> u64 {
    let event_type = E::TYPE.to_string();
    let data = serde_json::to_vec(event).unwrap();
    let envelope =
        Envelope::builder(format!("{}-{expected}-{}", event.key(), E::TYPE.name), "/shop", event_type)
            .subject(event.key())
            .time(time.parse().unwrap())
            .json(data, E::TYPE.data_schema())
            .build()
            .unwrap();
    let aggregate = Aggregate::new(domain(), E::TYPE.aggregate, event.key()).unwrap();
    log.append(Append { aggregate, expected, events: vec![envelope] }).await.unwrap().last
}
