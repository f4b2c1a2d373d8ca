use std::sync::atomic::Ordering;
use std::time::Duration;

use headwater_log::service::Connection;
use headwater_log::{Ask, Reason};
use headwater_subscriber::ReactorOptions;
use jiff::Timestamp;

use crate::bed::{Bed, eventually, options};
use crate::common::shop::odd_event;
use crate::receipts::Fault;

fn redrive(key: Option<&str>) -> Ask {
    Ask::Redrive { key: key.map(str::to_owned), by: "grace".to_owned(), at: Timestamp::now() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_parked_after_the_limit_of_attempts_and_others_flow() {
    let bed = Bed::new().await;
    bed.mail.fault("bad", Some(Fault::Fails));
    let first = bed.pay("bad", 1).await;
    for number in 0..30 {
        bed.pay(&format!("good {number}"), number).await;
    }
    let second = bed.pay("bad", 2).await;
    let reactor = bed.start().await;
    reactor.until("two letters are written", |health| health.letters == 2).await;
    reactor.until("all others are done", |health| health.handled == 30).await;
    eventually("the server knows", || async { bed.acknowledged().await == 32 }).await;

    assert_eq!(reactor.health().failed_attempts, 3);
    assert_eq!(bed.mail.attempt_max.load(Ordering::SeqCst), 3);
    let letters = bed.letters().await;
    let told: Vec<_> = letters.iter().map(|parked| (parked.letter.sequence, &parked.letter.reason)).collect();
    assert_eq!(told, [(first, &Reason::Failed), (second, &Reason::Waits { behind: first })]);
    let letter = &letters[0].letter;
    assert_eq!((letter.attempts, letter.handler_version, letter.key.as_str()), (3, 3, "orders.order.bad"));
    assert_eq!(letter.errors, ["the attempt has failed", "the mailbox is full"]);
    assert_eq!(letter.source.as_deref(), Some("/shop"));
    reactor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parked_key_is_re_driven_in_order_and_flows_again() {
    let bed = Bed::new().await;
    bed.mail.fault("bad", Some(Fault::Fails));
    for number in 1..=10 {
        bed.pay("bad", number).await;
    }
    let reactor = bed.start().await;
    reactor.until("all are parked", |health| health.letters == 10).await;
    reactor.stop().await;

    // Asked for while nobody runs, twice; and events come meanwhile.
    bed.mail.fault("bad", None);
    bed.dead().ask("receipts", &redrive(Some("orders.order.bad"))).await.unwrap();
    bed.dead().ask("receipts", &redrive(None)).await.unwrap();
    bed.pay("bad", 11).await;
    let reactor = bed.start().await;
    reactor.until("nothing is parked", |health| health.letters == 0 && health.handled == 11).await;
    bed.pay("bad", 12).await;
    reactor.until("it flows", |health| health.handled == 12).await;
    assert_eq!(bed.mail.of("bad"), (1..=12).collect::<Vec<_>>());
    assert!(bed.letters().await.is_empty());
    eventually("what was asked is answered", || async {
        bed.dead().asked("receipts", 1).await.unwrap().is_empty()
    })
    .await;

    bed.dead().ask("receipts", &redrive(None)).await.unwrap();
    eventually("what was asked once more is answered", || async {
        bed.dead().asked("receipts", 1).await.unwrap().is_empty()
    })
    .await;
    assert_eq!(bed.mail.count(), 12);
    reactor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_re_drive_that_fails_leaves_the_key_parked_and_says_why() {
    let bed = Bed::new().await;
    bed.mail.fault("bad", Some(Fault::Fails));
    let first = bed.pay("bad", 1).await;
    bed.pay("bad", 2).await;
    let reactor = bed.start().await;
    reactor.until("both are parked", |health| health.letters == 2).await;
    bed.mail.fault("bad", Some(Fault::Refused));
    bed.dead().ask("receipts", &redrive(None)).await.unwrap();
    eventually("the letter says what is wrong now", || async {
        let letters = bed.letters().await;
        letters.len() == 2 && letters[0].letter.reason == Reason::Refused
    })
    .await;
    let letters = bed.letters().await;
    assert_eq!((letters[0].letter.sequence, letters[0].letter.attempts), (first, 4));
    assert_eq!(letters[1].letter.reason, Reason::Waits { behind: first });
    assert_eq!(bed.mail.count(), 0);
    reactor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_event_is_parked_at_once_and_a_panic_is_a_failed_attempt() {
    let bed = Bed::new().await;
    bed.mail.fault("refused", Some(Fault::Refused));
    bed.mail.fault("panics", Some(Fault::Panics));
    bed.pay("panics", 1).await;
    bed.pay("refused", 1).await;
    bed.pay("good", 1).await;
    let reactor = bed.start().await;
    reactor.until("two are parked, one is done", |health| health.letters == 2 && health.handled == 1).await;
    let letters = bed.letters().await;
    assert_eq!((&letters[0].letter.reason, letters[0].letter.attempts), (&Reason::Failed, 3));
    assert!(letters[0].letter.errors[0].contains("this order is too much"), "{letters:?}");
    assert_eq!((&letters[1].letter.reason, letters[1].letter.attempts), (&Reason::Refused, 1));
    reactor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_any_length_is_parked_with_its_first_words() {
    let bed = Bed::new().await;
    bed.mail.fault("bad", Some(Fault::FailsAtLength));
    bed.pay("bad", 1).await;
    let reactor = bed.start().await;
    reactor.until("it is parked", |health| health.letters == 1).await;
    let letters = bed.letters().await;
    let words = letters[0].letter.errors.last().unwrap();
    assert!(words.starts_with("too long too long") && words.ends_with("(2700000 bytes)"), "{words}");
    assert!(words.len() < 5_000, "{}", words.len());
    reactor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_decoded_is_parked_with_the_reason() {
    let bed = Bed::new().await;
    let odd =
        |order, version, json| odd_event(order, &format!("org.example.orders.order.paid.v{version}"), json);
    let event_type = {
        use headwater_event::Event as _;
        crate::common::shop::OrderPaid::TYPE
    };
    let odd_data =
        odd_event("data", &event_type.to_string(), r#"{"order":"data","customer":"ada","cents":-1}"#);
    bed.append("data", odd_data).await;
    let newer = headwater_event::EventType { version: 9, ..event_type };
    bed.append("newer", odd_event("newer", &newer.to_string(), "{}")).await;
    bed.append("other", odd("other", 1, "{}")).await;
    let client = Connection::to(&bed.server.url()).unwrap().connect("somebody").await.unwrap();
    client.request("evt.orders.order.paid.foreign", "no event".into()).await.unwrap();
    bed.pay("good", 1).await;

    let reactor = bed.start().await;
    reactor.until("four are parked, one is done", |health| health.letters == 4 && health.handled == 1).await;
    eventually("the server knows", || async { bed.acknowledged().await == 5 }).await;
    let letters = bed.letters().await;
    let told: Vec<_> = letters
        .iter()
        .map(|parked| {
            format!("{} {} {}", parked.letter.key, parked.letter.reason, parked.letter.errors.join(": "))
        })
        .collect();
    for (key, words) in
        [("data", "can't be read"), ("newer", "newer than version"), ("foreign", "CloudEvent")]
    {
        let of_key = told.iter().find(|told| told.starts_with(&format!("orders.order.{key} undecodable")));
        assert!(of_key.is_some_and(|told| told.contains(words)), "{key}: {told:#?}");
    }
    reactor.stop().await;

    // It isn't tried again and again, and stays parked.
    let reactor = bed.start().await;
    bed.pay("good", 2).await;
    reactor.until("the next one is done", |health| health.handled == 1).await;
    assert_eq!(reactor.health().failed_attempts, 0);
    assert_eq!(reactor.health().letters, letters.len() as u64);
    reactor.stop().await;
}

/// For example because this version reads it, and the one that has parked it didn't.
#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_read_is_re_driven_when_it_can_be() {
    let bed = Bed::new().await;
    let first = bed.pay("bad", 1).await;
    bed.park("bad", first, None).await;
    bed.pay("bad", 2).await;
    bed.mail.fault("bad", Some(Fault::Refused));
    let reactor = bed.start().await;
    reactor.until("the second one waits", |health| health.letters == 2).await;
    bed.dead().ask("receipts", &redrive(None)).await.unwrap();
    eventually("the letter says what is wrong now", || async {
        bed.letters().await[0].letter.reason == Reason::Refused
    })
    .await;
    let letter = &bed.letters().await[0].letter;
    assert!(letter.event.is_some() && letter.source.as_deref() == Some("/shop"), "{letter:?}");

    bed.mail.fault("bad", None);
    bed.dead().ask("receipts", &redrive(None)).await.unwrap();
    reactor.until("nothing is parked", |health| health.letters == 0).await;
    assert_eq!(bed.mail.of("bad"), [1, 2]);
    reactor.stop().await;
}

/// Its events would overtake the one that the letter is about.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_stays_parked_whose_letter_cannot_be_read() {
    let bed = Bed::new().await;
    bed.dead().open().await.unwrap();
    let client = Connection::to(&bed.server.url()).unwrap().connect("somebody").await.unwrap();
    client.request("dead.receipts.orders.order.bad", "no letter".into()).await.unwrap();
    let second = bed.pay("bad", 2).await;
    bed.pay("good", 1).await;
    let reactor = bed.start().await;
    reactor.until("it waits", |health| health.letters == 2 && health.handled == 1).await;
    bed.dead().ask("receipts", &redrive(None)).await.unwrap();
    eventually("what was asked is answered", || async {
        bed.dead().asked("receipts", 1).await.unwrap().is_empty()
    })
    .await;
    assert_eq!((bed.mail.of("bad"), reactor.health().letters), (vec![], 2));

    let discard = Ask::Discard {
        key: "orders.order.bad".to_owned(),
        sequence: 0,
        why: "nobody knows what it was".to_owned(),
        by: "grace".to_owned(),
        at: Timestamp::now(),
    };
    bed.dead().ask("receipts", &discard).await.unwrap();
    reactor.until("one is left", |health| health.letters == 1).await;
    assert_eq!(bed.letters().await[0].letter.sequence, second);
    bed.dead().ask("receipts", &redrive(None)).await.unwrap();
    reactor.until("nothing is parked", |health| health.letters == 0).await;
    assert_eq!(bed.mail.of("bad"), [2]);
    reactor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_key_stays_parked_over_a_restart() {
    let bed = Bed::new().await;
    let client = Connection::to(&bed.server.url()).unwrap().connect("somebody").await.unwrap();
    for round in 1..=2 {
        client.request("evt.orders.order.paid.\u{fc}ber", "no event".into()).await.unwrap();
        let reactor = bed.start().await;
        reactor.until("it is parked", |health| health.letters == round).await;
        reactor.stop().await;
    }
    let letters = bed.letters().await;
    let told: Vec<_> = letters.iter().map(|parked| &parked.letter.reason).collect();
    assert_eq!(told, [&Reason::Undecodable, &Reason::Waits { behind: 1 }]);
}

/// A stream that was restored holds other events at the sequences that were lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_letter_of_another_event_at_that_sequence_holds_nothing_back() {
    let bed = Bed::new().await;
    let first = bed.pay("bad", 1).await;
    bed.park("bad", first, Some("an event that was lost")).await;
    let reactor = bed.start().await;
    reactor.until("the new event is done", |health| health.handled == 1 && health.letters == 0).await;
    assert_eq!(bed.mail.of("bad"), [1]);
    let discarded = bed.dead().discarded(Some("receipts")).await.unwrap();
    let told: Vec<_> = discarded.iter().map(|d| (d.letter.event.as_deref(), d.why.as_str())).collect();
    assert_eq!(told, [(Some("an event that was lost"), "its sequence holds another event now")]);
    reactor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_never_ends_is_given_up_and_counted() {
    let bed = Bed::new().await;
    bed.mail.fault("hangs", Some(Fault::Hangs));
    bed.pay("hangs", 1).await;
    bed.pay("good", 1).await;
    let options = ReactorOptions { attempt_time_max: Duration::from_millis(300), ..options() };
    let reactor = bed.start_with(options, bed.directory.path()).await;
    reactor.until("one is parked, one is done", |health| health.letters == 1 && health.handled == 1).await;
    let letters = bed.letters().await;
    assert_eq!((&letters[0].letter.reason, letters[0].letter.attempts), (&Reason::Failed, 3));
    reactor.stop().await;
}
