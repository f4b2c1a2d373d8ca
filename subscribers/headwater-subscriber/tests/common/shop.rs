use headwater_event::{Aggregate, CommandContext, Envelope, Event, EventSet, JsonSchema};
use headwater_log::{Append, Log, PendingAppend};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
pub(crate) struct OrderPaidV1 {
    #[event(key)]
    pub(crate) order: String,
    pub(crate) customer: String,
    pub(crate) euros: u64,
}

/// Prices are in cents since version 2.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 2, upcasts = OrderPaidV1)]
pub(crate) struct OrderPaid {
    #[event(key)]
    pub(crate) order: String,
    pub(crate) customer: String,
    pub(crate) cents: u64,
}

impl From<OrderPaidV1> for OrderPaid {
    fn from(OrderPaidV1 { order, customer, euros }: OrderPaidV1) -> Self {
        Self { order, customer, cents: euros * 100 }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "refunded", version = 1)]
pub(crate) struct OrderRefunded {
    #[event(key)]
    pub(crate) order: String,
    pub(crate) customer: String,
    pub(crate) cents: u64,
}

/// Of the same domain, and none that the projection applies.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "packed", version = 1)]
pub(crate) struct OrderPacked {
    #[event(key)]
    pub(crate) order: String,
}

pub(crate) fn paid(order: impl ToString, customer: &str, cents: u64) -> OrderPaid {
    OrderPaid { order: order.to_string(), customer: customer.to_owned(), cents }
}

/// The event as the first of its aggregate, stored; returns its sequence.
pub(crate) async fn publish<E: EventSet>(log: &Log, event: E) -> u64 {
    publish_envelope(log, envelope(&event)).await
}

pub(crate) async fn publish_envelope(log: &Log, envelope: Envelope) -> u64 {
    let append = first(envelope);
    log.open(append.aggregate.domain()).await.unwrap();
    log.append(append).await.unwrap().last
}

/// The events, each as the first of its aggregate, one after another but without waiting between them; returns the
/// last sequence.
pub(crate) async fn publish_all<E: EventSet>(log: &Log, events: impl IntoIterator<Item = E>) -> u64 {
    let mut answers = Vec::new();
    for event in events {
        let append = first(envelope(&event));
        log.open(append.aggregate.domain()).await.unwrap();
        answers.push(log.begin_append(append).await.unwrap());
    }
    let mut last = 0;
    for answer in answers {
        last = answer.await.unwrap().last;
    }
    last
}

/// Hands the event over to the log, whose stream is open; the answer is still to come.
pub(crate) async fn begin_to_publish<E: EventSet>(log: &Log, event: E) -> PendingAppend {
    log.begin_append(first(envelope(&event))).await.unwrap()
}

fn envelope<E: EventSet>(event: &E) -> Envelope {
    let command = CommandContext::new(format!("command of {}", event.key()));
    command.envelope(event, 0, "/shop", Timestamp::UNIX_EPOCH).unwrap()
}

fn first(envelope: Envelope) -> Append {
    let event_type = envelope.event_type().unwrap();
    let domain = event_type.domain.parse().unwrap();
    let aggregate = Aggregate::new(domain, event_type.aggregate, envelope.subject().unwrap()).unwrap();
    Append { aggregate, expected: 0, events: vec![envelope] }
}

/// An event of the type `type_name` whose data is this JSON.
pub(crate) fn odd_event(order: &str, type_name: &str, json: &'static str) -> Envelope {
    Envelope::builder(format!("odd {order}"), "/shop", type_name)
        .subject(order)
        .json(json, "urn:headwater:schema:odd")
        .build()
        .unwrap()
}
