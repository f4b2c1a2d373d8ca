use std::sync::Arc;

use headwater_log::service::report;
use headwater_log::{EmbeddedLog, ReadError};
use headwater_subscriber::{Projector, ProjectorError};

use crate::common::revenue::{Revenue, rows};
use crate::common::running::Running;
use crate::common::shop::{paid, publish};
use crate::{Place, on_both_logs};

on_both_logs!(goes_on_after_a_clean_stop, begins_where_it_was_though_nothing_new_is_there);

async fn goes_on_after_a_clean_stop(place: Place) {
    for round in 1..=3_u64 {
        let mut revenue = Running::<Revenue>::start(&place.data(), &place.log);
        assert_eq!(revenue.position(), (round - 1) * 100);
        for order in 0..100 {
            publish(&place.log, paid(format!("{round}-{order}"), "ada", 1)).await;
        }
        revenue.reaches(round * 100).await;
        let total = revenue.projection.total.find(&revenue.view, &"all".into()).unwrap();
        assert_eq!(total, Some(round * 100));
        revenue.stop().await;
    }
}

async fn begins_where_it_was_though_nothing_new_is_there(place: Place) {
    let last = publish(&place.log, paid(1, "ada", 1)).await;
    let mut revenue = Running::<Revenue>::start(&place.data(), &place.log);
    revenue.reaches(last).await;
    revenue.stop().await;

    let revenue = Running::<Revenue>::start(&place.data(), &place.log);
    assert_eq!(revenue.position(), last);
    revenue.stop().await;
}

/// What an operator reads when a projection's checkpoint is of another stream.
fn assert_recreated(error: &ProjectorError, sequence: u64) {
    assert!(matches!(error, ProjectorError::Read(ReadError::Recreated { .. })), "{error:?}");
    let line = report(error);
    let wanted = format!("the stream EVT_orders is not the one that was read up to sequence {sequence}");
    assert!(line.contains(&wanted) && line.contains("rebuild from the first event"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_another_embedded_log_than_the_one_that_it_has_read() {
    let place = Place::embedded();
    let last = publish(&place.log, paid(1, "ada", 1)).await;
    let mut revenue = Running::<Revenue>::start(&place.data(), &place.log);
    revenue.reaches(last).await;
    revenue.stop().await;

    let other = Arc::new(EmbeddedLog::open(place.directory.path().join("other log")).unwrap());
    publish(&(Arc::clone(&other) as _), paid(2, "bob", 5)).await;
    assert_recreated(&Running::<Revenue>::start(&place.data(), &(other as _)).halts().await, last);

    // Its state is as it was.
    let projector = Projector::<Revenue>::open(&place.data()).unwrap();
    assert_eq!(rows(&projector.view()), [r#"by-customer/ada {"payments":1,"cents":1}"#, "total/all 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_a_stream_that_was_recreated_on_the_broker() {
    let place = Place::jetstream().await;
    let last = publish(&place.log, paid(1, "ada", 1)).await;
    let mut revenue = Running::<Revenue>::start(&place.data(), &place.log);
    revenue.reaches(last).await;

    place.request("$JS.API.STREAM.DELETE.EVT_orders", "").await;
    publish(&place.log, paid(1, "bob", 5)).await;
    // It notices while it runs, and when it is started again.
    assert_recreated(&revenue.halts().await, last);
    assert_recreated(&Running::<Revenue>::start(&place.data(), &place.log).halts().await, last);

    let projector = Projector::<Revenue>::open(&place.data()).unwrap();
    assert_eq!(rows(&projector.view()), [r#"by-customer/ada {"payments":1,"cents":1}"#, "total/all 1"]);
}
