use headwater_event::Envelope;
use headwater_log::service::report;
use headwater_subscriber::{ApplyError, Projector, ProjectorError, StoreError};

use crate::common::revenue::{Revenue, rows};
use crate::common::running::Running;
use crate::common::shop::{odd_event, paid, publish, publish_envelope};
use crate::{Place, on_both_logs};

on_both_logs!(
    halts_in_front_of_an_event_that_the_projection_refuses,
    halts_in_front_of_an_event_whose_data_can_not_be_read,
    halts_in_front_of_an_event_of_a_newer_version,
    halts_in_front_of_an_event_of_another_organisation,
    reports_a_panic_as_such,
);

/// Ten good events, the bad one, and ten good ones; the projection keeps the first ten, also when it is
/// started again.
async fn assert_halts_at(place: Place, bad: Envelope, live: bool) -> ApplyError {
    let mut revenue = live.then(|| Running::<Revenue>::start(&place.data(), &place.log));
    for order in 1..=10 {
        publish(&place.log, paid(order, "ada", 1)).await;
    }
    if let Some(revenue) = &mut revenue {
        revenue.reaches(10).await;
    }
    assert_eq!(publish_envelope(&place.log, bad).await, 11);
    for order in 12..=21 {
        publish(&place.log, paid(order, "bob", 1)).await;
    }
    let mut error = revenue.unwrap_or_else(|| Running::start(&place.data(), &place.log)).halts().await;
    for _ in 0..2 {
        let projector = Projector::<Revenue>::open(&place.data()).unwrap();
        assert_eq!(
            rows(&projector.view()),
            [r#"by-customer/ada {"payments":10,"cents":10}"#, "total/all 10"]
        );
        assert_eq!(projector.position().borrow().of("orders"), 10);
        drop(projector);
        error = Running::<Revenue>::start(&place.data(), &place.log).halts().await;
    }
    let line = report(&error);
    let begin =
        "the projection revenue has halted in front of sequence 11 of the stream EVT_orders, the event \"";
    assert!(line.starts_with(begin), "{line}");
    let ProjectorError::Apply { source, .. } = error else { panic!("{error:?}") };
    *source
}

fn bad_payment(customer: &str) -> Envelope {
    let context = headwater_event::CommandContext::new("bad");
    context.envelope(&paid("bad", customer, 1000), 0, "/shop", jiff::Timestamp::UNIX_EPOCH).unwrap()
}

async fn halts_in_front_of_an_event_that_the_projection_refuses(place: Place) {
    let error = assert_halts_at(place, bad_payment("nobody"), false).await;
    assert_eq!(report(&error), "the projection refuses the event: nobody pays nothing");
}

async fn halts_in_front_of_an_event_whose_data_can_not_be_read(place: Place) {
    let bad = odd_event("bad", "dev.headwater.orders.order.paid.v2", r#"{"order":"bad"}"#);
    let error = assert_halts_at(place, bad, true).await;
    let line = report(&error);
    assert!(line.contains("the data of dev.headwater.orders.order.paid.v2 can't be read"), "{line}");
    assert!(line.contains("missing field `customer`"), "{line}");
}

async fn halts_in_front_of_an_event_of_a_newer_version(place: Place) {
    let bad = odd_event("bad", "dev.headwater.orders.order.paid.v3", "{}");
    let line = report(&assert_halts_at(place, bad, false).await);
    assert!(line.contains("paid.v3 is newer than version 2"), "{line}");
}

async fn halts_in_front_of_an_event_of_another_organisation(place: Place) {
    let bad = odd_event("bad", "com.example.orders.order.paid.v1", "{}");
    let error = assert_halts_at(place, bad, false).await;
    assert!(matches!(error, ApplyError::Unexpected { .. }), "{error:?}");
}

async fn reports_a_panic_as_such(place: Place) {
    let error = assert_halts_at(place, bad_payment("panic"), true).await;
    assert_eq!(report(&error), "the projection's code has panicked: this customer is too much");
}

#[tokio::test(flavor = "multi_thread")]
async fn halts_in_front_of_a_message_that_is_no_event() {
    let place = Place::jetstream().await;
    publish(&place.log, paid(1, "ada", 1)).await;
    place.request("evt.orders.order.paid.2", "raw").await;
    publish(&place.log, paid(3, "ada", 1)).await;
    let error = Running::<Revenue>::start(&place.data(), &place.log).halts().await;
    let line = report(&error);
    assert!(line.contains("sequence 2 of the stream EVT_orders is not a CloudEvent"), "{line}");
    let projector = Projector::<Revenue>::open(&place.data()).unwrap();
    assert_eq!(rows(&projector.view()), [r#"by-customer/ada {"payments":1,"cents":1}"#, "total/all 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn halts_when_a_row_is_of_a_type_that_the_code_no_longer_has() {
    let place = Place::embedded();
    let last = publish(&place.log, paid(1, "ada", 1)).await;
    let mut revenue = Running::<earlier::Revenue>::start(&place.data(), &place.log);
    revenue.reaches(last).await;
    revenue.stop().await;
    publish(&place.log, paid(2, "ada", 1)).await;
    let error = Running::<Revenue>::start(&place.data(), &place.log).halts().await;
    let line = report(&error);
    assert!(line.contains("raise the projection's version"), "{line}");
    let ProjectorError::Apply { sequence: 2, source, .. } = error else { panic!("{line}") };
    assert!(matches!(*source, ApplyError::Store(StoreError::Decode { .. })), "{line}");
}

/// The code before its rows were changed, and its version was not.
mod earlier {
    use headwater_subscriber::{Apply, ApplyError, Projection, Recorded, Table, Tx};

    use crate::common::shop::{OrderPaid, OrderRefunded};

    #[derive(Projection)]
    #[projection(name = "revenue", applies(OrderPaid, OrderRefunded))]
    pub(super) struct Revenue {
        #[allow(dead_code, reason = "what is the same makes the same build")]
        total: Table<String, u64>,
        by_customer: Table<String, String>,
    }

    impl Apply<OrderPaid> for Revenue {
        fn apply(&self, event: &Recorded<'_, OrderPaid>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
            self.by_customer.put(tx, &event.data.customer, event.data.cents.to_string())
        }
    }

    impl Apply<OrderRefunded> for Revenue {
        fn apply(&self, _: &Recorded<'_, OrderRefunded>, _: &mut Tx<'_>) -> Result<(), ApplyError> {
            Ok(())
        }
    }
}
