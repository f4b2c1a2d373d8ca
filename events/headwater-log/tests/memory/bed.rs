use headwater_event::{Aggregate, Domain, Envelope};
use headwater_log::{Append, EventLog as _, MemoryLog};
use jiff::Timestamp;

pub(crate) fn orders() -> Domain {
    "orders".parse().unwrap()
}

pub(crate) fn order(id: &str) -> Aggregate {
    Aggregate::new(orders(), "order", id).unwrap()
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// An event that `command` has caused.
pub(crate) fn event(aggregate: &Aggregate, command: &str, name: &str) -> Envelope {
    let event_type = format!("org.example.{}.{}.{name}.v1", aggregate.domain(), aggregate.name());
    Envelope::builder(format!("{command}/0"), "/till", event_type)
        .subject(aggregate.id())
        .time(at("2013-01-01T10:00:00Z"))
        .json(r#"{"cents":300}"#, format!("urn:headwater:schema:{name}"))
        .build()
        .unwrap()
}

/// What `command` appends to an aggregate at the version `expected`.
pub(crate) fn append(aggregate: &Aggregate, expected: u64, command: &str) -> Append {
    Append { aggregate: aggregate.clone(), expected, events: vec![event(aggregate, command, "paid")] }
}

/// A log with a stream for orders.
pub(crate) async fn log() -> MemoryLog {
    let log = MemoryLog::at(at("2026-01-01T00:00:00Z"));
    log.open(&orders()).await.unwrap();
    log
}

/// The ids of all that is stored.
pub(crate) fn ids(log: &MemoryLog) -> Vec<String> {
    log.stored(&orders()).iter().map(|event| event.envelope.id().to_owned()).collect()
}
