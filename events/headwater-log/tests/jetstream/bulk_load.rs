use async_nats::jetstream::stream::Config;
use headwater_log::{Append, AppendError, BulkLoadError, BulkLoaded, EventLog as _, JetStreamLog};

use super::bed::{Bed, append, event, group, ids};
use super::loads::{assert_stored, history, load, send_all, whole_stream};

group![
    what_is_loaded_is_what_was_sent,
    every_event_is_guarded_and_none_has_a_message_id,
    the_events_of_one_append_are_loaded_in_their_order,
    a_load_goes_on_where_an_aggregate_stands,
    a_load_of_nothing_does_nothing,
    a_conflict_ends_the_load_at_the_event_that_it_belongs_to,
    a_conflict_on_the_first_event_stores_nothing,
    a_version_that_is_not_reached_yet_is_a_conflict,
    other_writers_in_the_stream_cost_no_event_and_no_order,
    an_event_that_is_sent_twice_is_stored_once,
    another_event_with_the_same_id_ends_the_load,
    an_append_that_makes_no_sense_is_left_out,
    an_event_that_the_stream_refuses_ends_the_load,
    a_load_that_was_left_goes_on_and_stores_nothing_twice,
    a_load_that_is_repeated_stores_nothing,
    two_loads_of_the_same_events_at_once_store_each_once,
    a_stream_that_takes_no_loads_says_what_to_do,
];

async fn what_is_loaded_is_what_was_sent(bed: Bed) {
    let (log, history) = (bed.log().await, history(&bed, 0..3_000));
    let loaded = load(&log, &bed, &history).await.unwrap();
    assert_eq!(loaded, BulkLoaded { stored: 3_000, duplicates: 0, last: 3_000 });
    assert_stored(&bed, &history).await;
}

async fn every_event_is_guarded_and_none_has_a_message_id(bed: Bed) {
    let log = bed.log().await;
    load(&log, &bed, &history(&bed, 0..301)).await.unwrap();
    for (sequence, id, expected) in [(1, 0, "0"), (2, 1, "0"), (301, 0, "1")] {
        let message = bed.raw_message(sequence).await;
        let header = |name| message.headers.get(name).map(|value| value.as_str());
        let guard = header("Nats-Expected-Last-Subject-Sequence-Subject");
        assert_eq!(guard, Some(bed.aggregate(&format!("Nr. {id}")).filter().as_str()));
        assert_eq!(header("Nats-Expected-Last-Subject-Sequence"), Some(expected));
        assert_eq!(header("Nats-Msg-Id"), None);
    }
}

async fn the_events_of_one_append_are_loaded_in_their_order(bed: Bed) {
    let (log, seven, eight) = (bed.log().await, bed.aggregate("7"), bed.aggregate("8"));
    let appends = [
        append(&seven, 0, &["placed", "paid", "shipped"]),
        append(&eight, 0, &["placed"]),
        append(&seven, 0, &["returned", "refunded"]),
    ];
    let loaded = load(&log, &bed, &appends).await.unwrap();
    assert_eq!(loaded, BulkLoaded { stored: 6, duplicates: 0, last: 6 });
    assert_stored(&bed, &appends).await;
    log.append(append(&seven, 6, &["placed"])).await.unwrap();
}

async fn a_load_goes_on_where_an_aggregate_stands(bed: Bed) {
    let (log, aggregate) = (bed.log().await, bed.aggregate("7"));
    let before = append(&aggregate, 0, &["placed", "paid"]);
    log.append(before.clone()).await.unwrap();
    let appends = [append(&aggregate, 2, &["shipped"]), append(&aggregate, 2, &["returned"])];
    assert_eq!(load(&log, &bed, &appends).await.unwrap().stored, 2);
    assert_stored(&bed, &[&[before], &appends[..]].concat()).await;
}

async fn a_load_of_nothing_does_nothing(bed: Bed) {
    let log = bed.log().await;
    assert_eq!(load(&log, &bed, &[]).await.unwrap(), BulkLoaded::default());
    assert_stored(&bed, &[]).await;
}

async fn a_conflict_ends_the_load_at_the_event_that_it_belongs_to(bed: Bed) {
    let log = bed.log().await;
    let foreign = append(&bed.aggregate("Nr. 200"), 0, &["cancelled"]);
    log.append(foreign.clone()).await.unwrap();
    let history = history(&bed, 0..290);
    let mut load = log.bulk_load(&bed.domain).await.unwrap();
    let error = match send_all(&mut load, &history).await {
        Ok(()) => load.finish().await.unwrap_err(),
        Err(error) => {
            let again = load.send(history[0].clone()).await;
            assert!(matches!(again, Err(BulkLoadError::Over)), "{again:?}");
            error
        }
    };
    assert!(error.is_conflict(), "{error:?}");
    match &error {
        BulkLoadError::Failed { event, stored: 200, unknown: 0, source } => {
            assert_eq!(event, "event-200-");
            assert!(matches!(source, AppendError::Conflict { expected: 0, actual: 1, .. }), "{source:?}");
        }
        other => panic!("{other:?}"),
    }
    assert_stored(&bed, &[&[foreign], &history[..200]].concat()).await;
}

async fn a_conflict_on_the_first_event_stores_nothing(bed: Bed) {
    let (log, aggregate) = (bed.log().await, bed.aggregate("7"));
    let foreign = append(&aggregate, 0, &["placed"]);
    log.append(foreign.clone()).await.unwrap();
    let error = load(&log, &bed, &[append(&aggregate, 0, &["cancelled"])]).await.unwrap_err();
    assert!(matches!(error, BulkLoadError::Failed { stored: 0, unknown: 0, .. }), "{error:?}");
    assert!(error.is_conflict());
    assert_stored(&bed, &[foreign]).await;
}

async fn a_version_that_is_not_reached_yet_is_a_conflict(bed: Bed) {
    let (log, aggregate) = (bed.log().await, bed.aggregate("7"));
    let error = load(&log, &bed, &[append(&aggregate, 9, &["paid"])]).await.unwrap_err();
    let BulkLoadError::Failed { source, .. } = &error else { panic!("{error:?}") };
    assert!(matches!(source, AppendError::Conflict { expected: 9, actual: 0, .. }), "{source:?}");
    assert_stored(&bed, &[]).await;
}

/// They shift the sequences that the load expects, so it must look up where its own events are.
async fn other_writers_in_the_stream_cost_no_event_and_no_order(bed: Bed) {
    let (log, history) = (bed.log().await, history(&bed, 0..1_500));
    let mut load = log.bulk_load(&bed.domain).await.unwrap();
    let mut theirs = Vec::new();
    for (number, ours) in history.iter().enumerate() {
        if number % 250 == 100 {
            let foreign = append(&bed.aggregate(&format!("foreign {number}")), 0, &["placed"]);
            log.append(foreign.clone()).await.unwrap();
            theirs.push(foreign.events[0].id().to_owned());
        }
        load.send(ours.clone()).await.unwrap();
    }
    assert_eq!(load.finish().await.unwrap().stored, 1_500);
    let stored = ids(&whole_stream(&bed).await);
    let (foreign, own): (Vec<_>, Vec<_>) = stored.into_iter().partition(|id| theirs.contains(id));
    assert_eq!(foreign, theirs);
    assert!(own.iter().eq(history.iter().map(|append| append.events[0].id())));
}

async fn an_event_that_is_sent_twice_is_stored_once(bed: Bed) {
    let (log, history) = (bed.log().await, history(&bed, 0..400));
    let mut twice = history.clone();
    twice.insert(350, history[349].clone());
    twice.insert(200, history[7].clone());
    let loaded = load(&log, &bed, &twice).await.unwrap();
    assert_eq!(loaded, BulkLoaded { stored: 400, duplicates: 2, last: 400 });
    assert_stored(&bed, &history).await;
}

async fn another_event_with_the_same_id_ends_the_load(bed: Bed) {
    let (log, mut appends) = (bed.log().await, history(&bed, 0..100));
    let other = bed.aggregate("other");
    let reused = super::loads::event(&other, 42);
    appends.push(Append { aggregate: other, expected: 0, events: vec![reused] });
    let error = load(&log, &bed, &appends).await.unwrap_err();
    let BulkLoadError::Failed { stored: 100, unknown: 0, source, .. } = &error else { panic!("{error:?}") };
    assert!(
        matches!(source, AppendError::Invalid { problem, .. } if problem.contains("same id")),
        "{source:?}"
    );
    appends.pop();
    assert_stored(&bed, &appends).await;
}

async fn an_append_that_makes_no_sense_is_left_out(bed: Bed) {
    let (log, history) = (bed.log().await, history(&bed, 0..20));
    let mut load = log.bulk_load(&bed.domain).await.unwrap();
    send_all(&mut load, &history[..10]).await.unwrap();

    let aggregate = bed.aggregate("large");
    let event_type = format!("org.example.{}.order.placed.v1", bed.domain);
    let large = headwater_event::Envelope::builder("large", "/jetstream-tests", event_type)
        .subject(aggregate.id())
        .data("text/plain", "x".repeat(2 * 1024 * 1024))
        .build()
        .unwrap();
    let elsewhere = headwater_event::Aggregate::new("elsewhere".parse().unwrap(), "order", "7").unwrap();
    let appends = [
        (Append { aggregate: aggregate.clone(), expected: 0, events: vec![large] }, "bytes"),
        (Append { aggregate: aggregate.clone(), expected: 0, events: vec![] }, "no event"),
        (Append { aggregate, expected: 0, events: vec![event(&elsewhere, "placed")] }, "about another"),
        (append(&elsewhere, 0, &["placed"]), "the load is one of the domain"),
    ];
    for (append, words) in appends {
        let error = load.send(append).await.unwrap_err();
        let BulkLoadError::NotTaken { source } = &error else { panic!("{error:?}") };
        assert!(source.to_string().contains(words), "{source}");
    }

    send_all(&mut load, &history[10..]).await.unwrap();
    assert_eq!(load.finish().await.unwrap().stored, 20);
    assert_stored(&bed, &history).await;
}

async fn an_event_that_the_stream_refuses_ends_the_load(bed: Bed) {
    let log = bed.log().await;
    let stream = bed.stream().await;
    let config = Config { max_message_size: 2_000, ..stream.cached_info().config.clone() };
    async_nats::jetstream::new(bed.client().await).update_stream(config).await.unwrap();
    let mut appends = history(&bed, 0..100);
    let event_type = format!("org.example.{}.order.placed.v1", bed.domain);
    appends[60].events = vec![
        headwater_event::Envelope::builder("large", "/jetstream-tests", event_type)
            .subject(appends[60].aggregate.id())
            .data("text/plain", "x".repeat(2_000))
            .build()
            .unwrap(),
    ];
    let error = load(&log, &bed, &appends).await.unwrap_err();
    let BulkLoadError::Failed { event, stored: 60, unknown: 0, source } = &error else { panic!("{error:?}") };
    assert_eq!(event, "large");
    assert!(matches!(source, AppendError::Refused { code: 10054, .. }), "{source:?}");
    assert_stored(&bed, &appends[..60]).await;
}

/// As a process does that dies: its batch is never ended.
async fn a_load_that_was_left_goes_on_and_stores_nothing_twice(bed: Bed) {
    let (log, history) = (bed.log().await, history(&bed, 0..2_500));
    let mut left = log.bulk_load(&bed.domain).await.unwrap();
    send_all(&mut left, &history[..1_700]).await.unwrap();
    drop(left);
    let loaded = load(&log, &bed, &history).await.unwrap();
    assert_eq!(loaded.stored + loaded.duplicates, 2_500);
    assert!(loaded.stored >= 800, "{loaded:?}");
    assert_eq!(loaded.last, 2_500);
    assert_stored(&bed, &history).await;
}

async fn a_load_that_is_repeated_stores_nothing(bed: Bed) {
    let (log, history) = (bed.log().await, history(&bed, 0..1_200));
    load(&log, &bed, &history).await.unwrap();
    let foreign = append(&bed.aggregate("foreign"), 0, &["placed"]);
    log.append(foreign.clone()).await.unwrap();
    let again = load(&log, &bed, &history).await.unwrap();
    assert_eq!(again, BulkLoaded { stored: 0, duplicates: 1_200, last: 1_200 });
    assert_stored(&bed, &[&history[..], &[foreign]].concat()).await;
}

async fn two_loads_of_the_same_events_at_once_store_each_once(bed: Bed) {
    let (log, other, history) = (bed.log().await, bed.log().await, history(&bed, 0..1_000));
    let (one, two) = tokio::join!(load(&log, &bed, &history), load(&other, &bed, &history));
    assert_eq!((one.unwrap().last, two.unwrap().last), (1_000, 1_000));
    assert_stored(&bed, &history).await;
}

async fn a_stream_that_takes_no_loads_says_what_to_do(bed: Bed) {
    let log = bed.log().await;
    let jetstream = async_nats::jetstream::new(bed.client().await);
    let new = bed.stream().await.cached_info().config.clone();
    assert!(new.allow_batch_publish);
    jetstream.update_stream(Config { allow_batch_publish: false, ..new.clone() }).await.unwrap();

    let old = JetStreamLog::new(bed.client().await, bed.broker.config());
    old.open(&bed.domain).await.unwrap();
    let first = append(&bed.aggregate("7"), 0, &["placed"]);
    old.append(first.clone()).await.unwrap();
    let Err(error) = old.bulk_load(&bed.domain).await else { panic!("a load has begun") };
    assert!(matches!(error, BulkLoadError::NotAllowed { .. }), "{error:?}");
    assert!(error.to_string().contains("JetStreamLog::allow_bulk_loads"), "{error}");

    old.allow_bulk_loads(&bed.domain).await.unwrap();
    old.allow_bulk_loads(&bed.domain).await.unwrap();
    assert_eq!(bed.stream().await.cached_info().config, new);
    let history = history(&bed, 0..10);
    assert_eq!(load(&log, &bed, &history).await.unwrap().stored, 10);
    assert_stored(&bed, &[&[first], &history[..]].concat()).await;
}
