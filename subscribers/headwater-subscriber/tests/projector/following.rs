use crate::common::revenue::{Customer, Revenue, rows};
use crate::common::running::Running;
use crate::common::shop::{OrderPacked, OrderPaidV1, OrderRefunded, paid, publish};
use crate::{Place, on_both_logs};

on_both_logs!(
    applies_the_history_and_then_what_is_published,
    shows_a_live_event_as_soon_as_the_position_says_so,
    reads_every_stored_version_as_the_current_type,
    passes_over_events_that_it_does_not_apply,
    waits_for_a_stream_that_is_not_there_yet,
    commits_state_and_checkpoint_together,
);

async fn applies_the_history_and_then_what_is_published(place: Place) {
    for order in 0..2500 {
        publish(&place.log, paid(order, "ada", 1)).await;
    }
    let mut revenue = Running::<Revenue>::start(&place.data(), &place.log);
    revenue.reaches(2500).await;
    let last =
        publish(&place.log, OrderRefunded { order: "r".into(), customer: "ada".into(), cents: 500 }).await;
    revenue.reaches(last).await;
    let ada = revenue.projection.by_customer.find(&revenue.view, &"ada".into()).unwrap();
    assert_eq!(ada, Some(Customer { payments: 2500, cents: 2000 }));
    revenue.stop().await;
}

async fn shows_a_live_event_as_soon_as_the_position_says_so(place: Place) {
    let mut revenue = Running::<Revenue>::start(&place.data(), &place.log);
    for order in 1..=50 {
        let sequence = publish(&place.log, paid(order, "ada", 1)).await;
        revenue.reaches(sequence).await;
        assert_eq!(revenue.projection.total.find(&revenue.view, &"all".into()).unwrap(), Some(order));
    }
    revenue.stop().await;
}

async fn reads_every_stored_version_as_the_current_type(place: Place) {
    publish(&place.log, OrderPaidV1 { order: "1".into(), customer: "ada".into(), euros: 3 }).await;
    let last = publish(&place.log, paid(2, "ada", 50)).await;
    let mut revenue = Running::<Revenue>::start(&place.data(), &place.log);
    revenue.reaches(last).await;
    let total = revenue.projection.total.find(&revenue.view, &"all".into()).unwrap();
    assert_eq!(total, Some(350));
    revenue.stop().await;
}

async fn passes_over_events_that_it_does_not_apply(place: Place) {
    for order in 1..=10 {
        publish(&place.log, paid(order, "ada", 1)).await;
        publish(&place.log, OrderPacked { order: format!("packed {order}") }).await;
    }
    let mut revenue = Running::<Revenue>::start(&place.data(), &place.log);
    revenue.reaches(19).await;
    assert_eq!(rows(&revenue.view), [r#"by-customer/ada {"payments":10,"cents":10}"#, "total/all 10"]);
    revenue.stop().await;
}

async fn waits_for_a_stream_that_is_not_there_yet(place: Place) {
    let mut revenue = Running::<Revenue>::start(&place.data(), &place.log);
    assert_eq!(revenue.position(), 0);
    let last = publish(&place.log, paid(1, "ada", 1)).await;
    revenue.reaches(last).await;
    revenue.stop().await;

    // And a projector that still waits can be stopped.
    let elsewhere = place.directory.path().join("elsewhere");
    let empty = Place::embedded();
    Running::<Revenue>::start(&elsewhere, &empty.log).stop().await;
}

async fn commits_state_and_checkpoint_together(place: Place) {
    let mut revenue = Running::<Revenue>::start(&place.data(), &place.log);
    let view = revenue.view.clone();
    // At most as many events are in the state as the position read after it says, and at least as many as
    // the one read before it.
    let watching = tokio::task::spawn_blocking(move || {
        let position = || view.positions().unwrap().of("orders");
        while position() < 500 {
            let before = position();
            let total: u64 =
                view.get("total", "all").unwrap().map_or(0, |row| row.value.get().parse().unwrap());
            let after = position();
            assert!((before..=after).contains(&total), "{total} is not between {before} and {after}");
        }
    });
    for order in 0..500 {
        publish(&place.log, paid(order, "ada", 1)).await;
    }
    revenue.reaches(500).await;
    watching.await.unwrap();
    revenue.stop().await;
}
