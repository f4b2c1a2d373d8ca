use std::num::NonZeroU32;

use headwater_subscriber::{
    BuildId, Builds, BuildsError, Projection as _, ProjectorOptions, Query, Standing, View, running_builds,
};
use jiff::SignedDuration;

use crate::common::revenue::{Revenue, RevenueV2, rows};
use crate::common::running::Running;
use crate::common::shop::{OrderRefunded, paid, publish, publish_all};
use crate::{Place, on_both_logs};

on_both_logs!(
    a_changed_projection_is_built_beside_the_live_one_and_takes_over,
    the_process_of_the_old_build_goes_on_until_it_is_stopped,
    a_build_is_rolled_back_in_one_step_and_does_not_take_over_again,
    a_build_that_was_replaced_is_removed_after_a_time,
    a_build_that_was_rolled_back_is_removed_after_a_time,
    whoever_reads_while_a_build_takes_over_sees_one_build_or_the_other,
);

/// So that a rebuild takes a while.
fn slowly(events_per_s: u32) -> ProjectorOptions {
    ProjectorOptions { rebuild_events_per_s: NonZeroU32::new(events_per_s), ..ProjectorOptions::default() }
}

fn builds(place: &Place) -> Builds {
    Builds::new(&place.data(), Revenue::NAME)
}

/// Payments, and one refund, which the second version doesn't count.
async fn built(place: &Place, events: u64) {
    publish(&place.log, paid("first", "ada", 1)).await;
    publish(&place.log, OrderRefunded { order: "r".into(), customer: "ada".into(), cents: 1 }).await;
    publish_all(&place.log, (2..events).map(|order| paid(order, "ada", 1))).await;
    let mut revenue = Running::<Revenue>::start(&place.data(), &place.log);
    revenue.reaches(events).await;
    revenue.stop().await;
}

const OLD_ROWS: [&str; 2] = [r#"by-customer/ada {"payments":898,"cents":898}"#, "total/all 898"];

async fn a_changed_projection_is_built_beside_the_live_one_and_takes_over(place: Place) {
    built(&place, 900).await;
    let mut new = Running::<RevenueV2>::start_with(&place.data(), slowly(600), &place.log);
    new.becomes(Standing::Building).await;
    // It has begun, and has far to go.
    let far = new.status.wait_for(|status| status.remaining.is_some_and(|remaining| remaining > 100)).await;
    let far = far.unwrap().clone();
    assert!(far.positions.of("orders") < 700, "{far:?}");
    assert_eq!((rows(&new.view), new.position()), (OLD_ROWS.map(String::from).to_vec(), 900));
    assert_eq!(builds(&place).register().unwrap().live, Some(BuildId::of::<Revenue>()));

    new.becomes(Standing::Live).await;
    assert_eq!((rows(&new.view), new.position()), (vec!["total/all 899".to_owned()], 900));
    publish(&place.log, paid("live", "ada", 1)).await;
    new.reaches(901).await;
    assert_eq!(rows(&new.view), ["total/all 900"]);
    new.stop().await;

    let register = builds(&place).register().unwrap();
    assert_eq!(register.live, Some(BuildId::of::<RevenueV2>()));
    assert_eq!(register.kept[0].build, BuildId::of::<Revenue>());
    // Started again, it is what it was.
    let new = Running::<RevenueV2>::start(&place.data(), &place.log);
    assert_eq!(new.status.borrow().standing, Standing::Live);
    new.stop().await;
}

async fn the_process_of_the_old_build_goes_on_until_it_is_stopped(place: Place) {
    built(&place, 50).await;
    let mut old = Running::<Revenue>::start(&place.data(), &place.log);
    let mut new = Running::<RevenueV2>::start(&place.data(), &place.log);
    new.becomes(Standing::Live).await;
    old.becomes(Standing::Kept).await;
    let last = publish(&place.log, paid("live", "bob", 1)).await;
    old.reaches(last).await;
    new.reaches(last).await;
    assert!(rows(&old.view).contains(&r#"by-customer/bob {"payments":1,"cents":1}"#.to_owned()));
    assert_eq!(rows(&new.view), ["total/all 50"]);
    // It doesn't take its place back, not even when it is started again.
    old.stop().await;
    let old = Running::<Revenue>::start(&place.data(), &place.log);
    assert_eq!(old.status.borrow().standing, Standing::Kept);
    assert_eq!(builds(&place).register().unwrap().live, Some(BuildId::of::<RevenueV2>()));
    old.stop().await;
    new.stop().await;
}

async fn a_build_is_rolled_back_in_one_step_and_does_not_take_over_again(place: Place) {
    built(&place, 900).await;
    let error = builds(&place).roll_back().unwrap_err();
    assert!(matches!(error, BuildsError::NothingKept { .. }), "{error:?}");
    let mut new = Running::<RevenueV2>::start(&place.data(), &place.log);
    new.becomes(Standing::Live).await;

    let rolled_back = builds(&place).roll_back().unwrap();
    assert_eq!(rolled_back.to, BuildId::of::<Revenue>());
    // The process that runs answers from the earlier build at once, and goes on with its own.
    new.becomes(Standing::Held).await;
    assert_eq!(rows(&new.view), OLD_ROWS);
    let last = publish(&place.log, paid("live", "bob", 1)).await;
    let applied = new.status.wait_for(|status| status.positions.of("orders") >= last).await;
    assert_eq!(applied.unwrap().standing, Standing::Held);
    new.stop().await;

    // Nor does it take over when it is started again; the earlier code goes on where it was.
    let mut new = Running::<RevenueV2>::start(&place.data(), &place.log);
    new.becomes(Standing::Held).await;
    new.stop().await;
    let mut old = Running::<Revenue>::start(&place.data(), &place.log);
    assert_eq!(old.status.borrow().standing, Standing::Live);
    old.reaches(last).await;
    old.stop().await;

    builds(&place).promote(&BuildId::of::<RevenueV2>()).unwrap();
    let view = View::open(&place.data(), Revenue::NAME).unwrap();
    assert_eq!(rows(&view), ["total/all 900"]);
    let error = builds(&place).promote(&"0123456789ab".parse().unwrap()).unwrap_err();
    assert!(matches!(error, BuildsError::NoBuild { .. }), "{error:?}");
}

async fn a_build_that_was_replaced_is_removed_after_a_time(place: Place) {
    built(&place, 10).await;
    let at_once = ProjectorOptions { keep: SignedDuration::ZERO, ..ProjectorOptions::default() };
    // The process that has it open keeps it.
    let mut old = Running::<Revenue>::start(&place.data(), &place.log);
    let mut new = Running::<RevenueV2>::start_with(&place.data(), at_once.clone(), &place.log);
    new.becomes(Standing::Live).await;
    old.becomes(Standing::Kept).await;
    assert_eq!(builds(&place).present().unwrap().len(), 2);
    old.stop().await;
    new.stop().await;

    let new = Running::<RevenueV2>::start_with(&place.data(), at_once, &place.log);
    crate::eventually(|| builds(&place).present().unwrap() == [BuildId::of::<RevenueV2>()]).await;
    crate::eventually(|| builds(&place).register().unwrap().kept.is_empty()).await;
    new.stop().await;
}

async fn a_build_that_was_rolled_back_is_removed_after_a_time(place: Place) {
    built(&place, 10).await;
    let mut new = Running::<RevenueV2>::start(&place.data(), &place.log);
    new.becomes(Standing::Live).await;
    builds(&place).roll_back().unwrap();
    new.becomes(Standing::Held).await;
    new.stop().await;

    let at_once = ProjectorOptions { keep: SignedDuration::ZERO, ..ProjectorOptions::default() };
    let old = Running::<Revenue>::start_with(&place.data(), at_once, &place.log);
    crate::eventually(|| builds(&place).present().unwrap() == [BuildId::of::<Revenue>()]).await;
    old.stop().await;
    // It doesn't take over when it begins anew, either.
    let new = Running::<RevenueV2>::start(&place.data(), &place.log);
    assert_eq!(new.status.borrow().standing, Standing::Held);
    new.stop().await;
}

async fn whoever_reads_while_a_build_takes_over_sees_one_build_or_the_other(place: Place) {
    built(&place, 900).await;
    let mut new = Running::<RevenueV2>::start_with(&place.data(), slowly(1000), &place.log);
    let (view, data) = (new.view.clone(), place.data());
    let reading = tokio::task::spawn_blocking(move || {
        let mut reads = 0;
        loop {
            let snapshot = view.snapshot().unwrap();
            let (rows, position) = (rows(&snapshot), snapshot.positions().unwrap().of("orders"));
            assert_eq!(position, 900);
            reads += 1;
            match rows.as_slice() {
                [one] if one == "total/all 899" => return reads,
                rows => assert_eq!(rows, OLD_ROWS),
            }
            let mut asked = 0;
            let count = |_| {
                asked += 1;
                Ok(())
            };
            // Nobody has started to answer; but for that, a question finds the store in use.
            assert!(Query::default().ask(&data, Revenue::NAME, count).is_err() && asked == 0);
            assert!(running_builds(&data, Revenue::NAME).unwrap().is_empty());
        }
    });
    let reads = reading.await.unwrap();
    assert!(reads > 10, "{reads} reads");
    new.becomes(Standing::Live).await;
    new.stop().await;
}
