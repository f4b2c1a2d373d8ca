use headwater_log::Ask;
use jiff::Timestamp;

use crate::bed::{Bed, eventually};
use crate::receipts::Fault;

#[tokio::test(flavor = "multi_thread")]
async fn a_discarded_letter_is_gone_and_its_reason_is_kept() {
    let bed = Bed::new().await;
    bed.mail.fault("bad", Some(Fault::Refused));
    let first = bed.pay("bad", 1).await;
    bed.pay("bad", 2).await;
    let reactor = bed.start().await;
    reactor.until("both are parked", |health| health.letters == 2).await;
    bed.mail.fault("bad", None);
    let discard = |why: &str| Ask::Discard {
        key: "orders.order.bad".to_owned(),
        sequence: first,
        why: why.to_owned(),
        by: "grace".to_owned(),
        at: Timestamp::now(),
    };
    bed.dead().ask("receipts", &discard("the customer has called")).await.unwrap();
    bed.dead().ask("receipts", &discard("once more")).await.unwrap();
    reactor.until("one is left", |health| health.letters == 1).await;
    let redrive = Ask::Redrive { key: None, by: "grace".to_owned(), at: Timestamp::now() };
    bed.dead().ask("receipts", &redrive).await.unwrap();
    reactor.until("the other one is done", |health| health.letters == 0).await;
    assert_eq!(bed.mail.of("bad"), [2]);
    eventually("all is answered", || async { bed.dead().asked("receipts", 1).await.unwrap().is_empty() })
        .await;
    let discarded = bed.dead().discarded(Some("receipts")).await.unwrap();
    let told: Vec<_> = discarded.iter().map(|d| (d.letter.sequence, d.why.as_str(), d.by.as_str())).collect();
    assert_eq!(told, [(first, "the customer has called", "grace")]);
    reactor.stop().await;
}
