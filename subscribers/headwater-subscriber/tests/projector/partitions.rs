use headwater_subscriber::{
    Apply, ApplyError, Partitioning, Projection, Projector, ProjectorError, ProjectorOptions, Recorded,
    Standing, StoreError, Table, Tx,
};

use crate::common::receipts::{Receipts, Till, door};
use crate::common::revenue::{Revenue, rows};
use crate::common::running::Running;
use crate::common::shop::OrderPaid;
use crate::{Place, eventually, on_both_logs};

on_both_logs!(
    is_the_same_state_into_however_many_it_is_divided,
    applies_each_event_once_when_it_goes_on,
    is_where_the_partition_is_that_is_furthest_behind,
    is_not_held_back_by_a_partition_without_events,
    halts_in_front_of_an_event_of_any_partition,
    is_built_anew_when_it_is_divided_otherwise,
    does_not_hide_that_partitions_share_a_row,
);

/// It says that it can be divided, and it can't.
#[derive(Projection)]
#[projection(name = "takings", partitioned, applies(OrderPaid))]
struct Takings {
    total: Table<String, u64>,
}

impl Apply<OrderPaid> for Takings {
    fn apply(&self, event: &Recorded<'_, OrderPaid>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        self.total.update(tx, &"all".to_owned(), |total| *total += event.data.cents)
    }
}

fn into(count: u32) -> ProjectorOptions {
    ProjectorOptions { partitions: Partitioning::new(count).unwrap(), ..ProjectorOptions::default() }
}

async fn is_the_same_state_into_however_many_it_is_divided(place: Place) {
    let last = Till::default().pay_for(&place.log, 70, 700).await;
    let mut states = Vec::new();
    for count in [1, 3, 8] {
        let data = place.directory.path().join(count.to_string());
        let mut receipts = Running::<Receipts>::start_with(&data, into(count), &place.log);
        receipts.reaches(last).await;
        states.push(rows(&receipts.view));
        // From both ends, and one by one.
        let by_order = &receipts.projection.by_order;
        let ascending: Vec<_> = by_order.rows(&receipts.view).map(|row| row.unwrap().0).collect();
        let mut descending: Vec<_> = by_order.rows(&receipts.view).rev().map(|row| row.unwrap().0).collect();
        descending.reverse();
        assert_eq!(ascending, descending);
        for order in 0..70 {
            let paid = by_order.find(&receipts.view, &order.to_string()).unwrap().unwrap();
            assert_eq!(
                paid,
                (0..10).map(|round| round * 70 + order).collect::<Vec<_>>(),
                "{count} partitions"
            );
        }
        receipts.stop().await;
    }
    assert_eq!(states[0].len(), 70);
    assert_eq!(states[0], states[1]);
    assert_eq!(states[0], states[2]);
}

async fn applies_each_event_once_when_it_goes_on(place: Place) {
    let mut till = Till::default();
    for _ in 0..5 {
        let last = till.pay_for(&place.log, 10, 30).await;
        let mut receipts = Running::<Receipts>::start_with(&place.data(), into(4), &place.log);
        receipts.reaches(last).await;
        receipts.stop().await;
    }
    let receipts = Running::<Receipts>::start_with(&place.data(), into(4), &place.log);
    for order in 0..10 {
        let paid = receipts.projection.by_order.find(&receipts.view, &order.to_string()).unwrap().unwrap();
        assert_eq!(paid, (0..15).map(|round| round * 10 + order).collect::<Vec<_>>());
    }
    receipts.stop().await;
}

async fn is_where_the_partition_is_that_is_furthest_behind(place: Place) {
    // The door is for all tests of this process.
    static ONE_AT_A_TIME: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _one = ONE_AT_A_TIME.lock().await;
    let mut till = Till::default();
    let before = till.pay_for(&place.log, 50, 50).await;
    let mut receipts = Running::<Receipts>::start_with(&place.data(), into(8), &place.log);
    receipts.reaches(before).await;
    door(false);
    till.pay(&place.log, "slow", "waits").await;
    let last = till.pay_for(&place.log, 50, 50).await;
    // Other partitions go on, and commit.
    let twice = |receipts: &Running<Receipts>| {
        receipts
            .projection
            .by_order
            .rows(&receipts.view)
            .filter(|row| row.as_ref().unwrap().1.len() == 2)
            .count()
    };
    eventually(|| twice(&receipts) > 30).await;
    assert_eq!(receipts.position(), before);
    assert_eq!(receipts.view.positions().unwrap().of("orders"), before);
    door(true);
    receipts.reaches(last).await;
    assert_eq!(twice(&receipts), 50);
    assert_eq!(receipts.view.positions().unwrap().of("orders"), last);
    receipts.stop().await;
}

async fn is_not_held_back_by_a_partition_without_events(place: Place) {
    let last = Till::default().pay_for(&place.log, 1, 20).await;
    let mut receipts = Running::<Receipts>::start_with(&place.data(), into(16), &place.log);
    receipts.reaches(last).await;
    receipts.stop().await;
    // It was committed, too.
    let receipts = Running::<Receipts>::start_with(&place.data(), into(16), &place.log);
    assert_eq!(receipts.position(), last);
    receipts.stop().await;
}

async fn halts_in_front_of_an_event_of_any_partition(place: Place) {
    let mut till = Till::default();
    till.pay_for(&place.log, 20, 40).await;
    let wrong = till.pay(&place.log, "wrong", "nobody").await;
    let receipts = Running::<Receipts>::start_with(&place.data(), into(4), &place.log);
    let view = receipts.view.clone();
    match receipts.halts().await {
        ProjectorError::Apply { sequence, .. } => assert_eq!(sequence, wrong),
        other => panic!("{other:?}"),
    }
    let position = view.positions().unwrap().of("orders");
    assert!(position < wrong, "{position}");
    assert!(view.get("by-order", "wrong").unwrap().is_none());
}

async fn is_built_anew_when_it_is_divided_otherwise(place: Place) {
    let last = Till::default().pay_for(&place.log, 20, 100).await;
    let mut two = Running::<Receipts>::start_with(&place.data(), into(2), &place.log);
    two.reaches(last).await;
    let before = rows(&two.view);
    let build = two.status.borrow().build.clone();
    two.stop().await;
    let mut four = Running::<Receipts>::start_with(&place.data(), into(4), &place.log);
    // What answers from the first moment is the state that is there.
    assert_eq!(rows(&four.view), before);
    four.becomes(Standing::Live).await;
    assert_ne!(four.status.borrow().build, build);
    assert_eq!(rows(&four.view), before);
    four.stop().await;
}

async fn does_not_hide_that_partitions_share_a_row(place: Place) {
    Till::default().pay_for(&place.log, 20, 20).await;
    let takings = Running::<Takings>::start_with(&place.data(), into(2), &place.log);
    let read = || takings.projection.total.find(&takings.view, &"all".to_owned());
    eventually(|| matches!(read(), Err(StoreError::TwoPartitions { .. }))).await;
    let error = read().unwrap_err().to_string();
    assert!(error.contains(r#"the row "all" of the table total is in two partitions"#), "{error}");
    takings.stop().await;
}

#[test]
fn is_refused_unless_the_projection_says_that_it_can_be_divided() {
    let directory = tempfile::TempDir::new().unwrap();
    let Err(error) = Projector::<Revenue>::open_with(directory.path(), into(2)) else {
        panic!("it is divided");
    };
    let error = headwater_log::service::report(&error);
    assert!(error.contains("add `partitioned` to its attribute"), "{error}");
    assert!(!directory.path().join("revenue").exists());
}
