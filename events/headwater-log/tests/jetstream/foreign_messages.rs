use async_nats::HeaderMap;
use headwater_event::Envelope;
use headwater_log::{Checkpoint, EventLog as _, ReadError};

use super::bed::{Bed, append, event, group, ids, next};

group![
    what_is_no_cloud_event_is_named_and_the_reader_goes_on,
    a_structured_event_is_read_like_one_in_binary_mode,
    a_checkpoint_where_there_is_no_event_is_refused,
];

async fn what_is_no_cloud_event_is_named_and_the_reader_goes_on(bed: Bed) {
    let (log, aggregate) = (bed.log().await, bed.aggregate("7"));
    log.append(append(&aggregate, 0, &["placed"])).await.unwrap();
    let mut follow = log.follow(bed.all(), None).await.unwrap();
    assert_eq!(next(&mut follow).await.unwrap().sequence, 1);

    bed.publish_raw(aggregate.subject("paid"), HeaderMap::new(), "not an event").await;
    let mut structured = HeaderMap::new();
    structured.insert("Content-Type", "application/cloudevents+json");
    bed.publish_raw(aggregate.subject("paid"), structured, "{").await;
    log.append(append(&aggregate, 3, &["shipped"])).await.unwrap();

    for bad in [2, 3] {
        let error = next(&mut follow).await.unwrap_err();
        assert!(matches!(&error, ReadError::Malformed { sequence, .. } if *sequence == bad), "{error:?}");
        assert!(error.is_malformed() && !error.is_unavailable());
    }
    let after = next(&mut follow).await.unwrap();
    assert_eq!(after.sequence, 4);
    assert_eq!(
        log.follow(bed.all(), Some(follow.checkpoint(&after))).await.unwrap().created(),
        follow.created()
    );

    let read = log.read(&bed.domain, 1, 10).await;
    assert!(matches!(read, Err(ReadError::Malformed { sequence: 2, .. })), "{read:?}");
    assert_eq!(log.read(&bed.domain, 4, 10).await.unwrap(), [after]);
    let load = log.load(&aggregate, 4).await;
    assert!(matches!(load, Err(ReadError::Malformed { sequence: 2, .. })), "{load:?}");
}

async fn a_structured_event_is_read_like_one_in_binary_mode(bed: Bed) {
    let (log, aggregate) = (bed.log().await, bed.aggregate("7"));
    let (ours, theirs) = (event(&aggregate, "placed"), event(&aggregate, "paid"));
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "Application/CloudEvents+JSON; charset=UTF-8");
    let json = theirs.to_json().unwrap();
    bed.publish_raw(aggregate.subject("placed"), headers.clone(), ours.to_json().unwrap()).await;
    bed.publish_raw(aggregate.subject("paid"), headers, json).await;

    let loaded = log.load(&aggregate, 2).await.unwrap();
    assert_eq!(ids(&loaded), [ours.id(), theirs.id()]);
    assert_eq!(loaded[1].envelope, theirs);
    assert_eq!(log.read(&bed.domain, 1, 10).await.unwrap(), loaded);
    let mut follow = log.follow(bed.all(), None).await.unwrap();
    assert_eq!(next(&mut follow).await.unwrap(), loaded[0]);
    assert_eq!(next(&mut follow).await.unwrap(), loaded[1]);
    // And a decision can be built on it.
    assert_eq!(log.append(append(&aggregate, 2, &["shipped"])).await.unwrap().last, 3);
}

async fn a_checkpoint_where_there_is_no_event_is_refused(bed: Bed) {
    let (log, aggregate) = (bed.log().await, bed.aggregate("7"));
    let envelope: Envelope = event(&aggregate, "placed");
    bed.publish_raw(aggregate.subject("placed"), HeaderMap::new(), "not an event").await;
    let created = log.info(&bed.domain).await.unwrap().created;
    let checkpoint = Checkpoint { created, sequence: 1, event: envelope.fingerprint() };
    let error = log.follow(bed.all(), Some(checkpoint)).await.unwrap_err();
    assert!(matches!(error, ReadError::Recreated { sequence: 1, .. }), "{error:?}");
}
