//! Bulk loads of cases: what is sent, and what must be stored of it.

use std::ops::Range;
use std::time::Duration;

use headwater_event::{Aggregate, Envelope};
use headwater_log::{
    Append, BulkLoad, BulkLoadError, BulkLoaded, EventLog as _, JetStreamConfig, JetStreamLog, StoredEvent,
};

use super::bed::{Bed, eventually};

/// Events of many aggregates, which come again after some hundred others, as in a history; `numbers` are the events'
/// ids.
pub(crate) fn history(bed: &Bed, numbers: Range<usize>) -> Vec<Append> {
    history_of(bed, numbers, 300)
}

/// The same of so many aggregates, which take turns.
pub(crate) fn history_of(bed: &Bed, numbers: Range<usize>, aggregates: usize) -> Vec<Append> {
    let append = |number: usize| {
        let aggregate = bed.aggregate(&format!("Nr. {}", number % aggregates));
        Append { expected: 0, events: vec![event(&aggregate, number)], aggregate }
    };
    numbers.map(append).collect()
}

pub(crate) fn event(aggregate: &Aggregate, number: usize) -> Envelope {
    let name = ["placed", "paid", "shipped"][number % 3];
    let event_type = format!("org.example.{}.{}.{name}.v1", aggregate.domain(), aggregate.name());
    Envelope::builder(format!("event-{number}-"), "/bulk-load", event_type)
        .subject(aggregate.id())
        .time("2013-01-01T10:17:00.5Z".parse().unwrap())
        .json(format!(r#"{{"cents":{number},"of":"Zürich"}}"#), "urn:headwater:schema:order.v1")
        .extension("correlationid", "0af7651916cd43dd8448eb211c80319c")
        .build()
        .unwrap()
}

pub(crate) async fn send_all(load: &mut BulkLoad, appends: &[Append]) -> Result<(), BulkLoadError> {
    for append in appends {
        load.send(append.clone()).await?;
    }
    Ok(())
}

/// Sends all of it, to the end.
pub(crate) async fn load(
    log: &JetStreamLog,
    bed: &Bed,
    appends: &[Append],
) -> Result<BulkLoaded, BulkLoadError> {
    let mut load = log.bulk_load(&bed.domain).await?;
    send_all(&mut load, appends).await?;
    load.finish().await
}

/// The whole stream holds exactly these events, each once, in their order, with all that they had.
pub(crate) async fn assert_stored(bed: &Bed, appends: &[Append]) {
    let stored = whole_stream(bed).await;
    let sent: Vec<_> = appends.iter().flat_map(|append| append.events.clone()).collect();
    assert_eq!(stored.len(), sent.len());
    for (stored, sent) in stored.into_iter().zip(sent) {
        assert_eq!(stored.envelope, sent, "at sequence {}", stored.sequence);
    }
}

/// Everything in the stream, without a gap.
pub(crate) async fn whole_stream(bed: &Bed) -> Vec<StoredEvent> {
    let log = JetStreamLog::new(bed.client().await, bed.broker.config());
    whole_stream_of(bed, &log).await
}

pub(crate) async fn whole_stream_of(bed: &Bed, log: &JetStreamLog) -> Vec<StoredEvent> {
    let stored = log.read(&bed.domain, 1, usize::MAX).await.unwrap();
    assert!(stored.iter().map(|event| event.sequence).eq(1..=stored.len() as u64), "there is a gap");
    stored
}

/// Waits until so many events are stored.
pub(crate) async fn is_stored(bed: &Bed, log: &JetStreamLog, count: u64) {
    eventually("so many events are stored", || async {
        log.info(&bed.domain).await.is_ok_and(|info| info.last >= count)
    })
    .await;
}

/// Half a second for an answer, and time enough for a broker to come back.
pub(crate) fn persistent(bed: &Bed) -> JetStreamConfig {
    JetStreamConfig {
        answer_timeout: Duration::from_millis(500),
        deadline: Duration::from_secs(30),
        ..bed.broker.config()
    }
}
