//! What the reactor makes of a webhook's answers.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

mod common;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use common::desk::{Desk, PATIENCE};
use delay_alerts::{Webhook, WebhookError};
use headwater_event::Envelope;
use headwater_log::StoredEvent;
use headwater_subscriber::IdempotencyKey;
use jiff::Timestamp;

fn key() -> IdempotencyKey {
    let envelope = Envelope::builder("1", "/flight-ops", "org.example.flights.flight.departed.v2");
    let event = StoredEvent {
        sequence: 1,
        stored_at: Timestamp::UNIX_EPOCH,
        envelope: envelope.subject("1").json("{}", "urn:headwater:schema:departed").build().unwrap(),
    };
    IdempotencyKey::new("delay-alerts", &event)
}

async fn post(webhook: &Webhook) -> Result<(), WebhookError> {
    webhook.post(r#"{"delay_minutes":61}"#.to_owned(), &key()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_says_whether_to_pause_to_try_again_or_to_give_up() {
    let desk = Desk::default();
    let server = tokio::task::block_in_place(|| desk.open(0));
    let webhook = Webhook::new(server.url().parse().unwrap()).unwrap();
    post(&webhook).await.unwrap();
    let taken = desk.taken();
    assert_eq!((taken.len(), &taken[0].alert["delay_minutes"]), (1, &61.into()));
    assert_eq!(taken[0].key, format!("\"{}\"", key()));

    for (status, says_nothing, may_pass) in [
        (500, true, false),
        (503, true, false),
        (429, true, false),
        (401, true, false),
        (403, true, false),
        (408, false, true),
        (409, false, true),
        (425, false, true),
        (400, false, false),
        (404, false, false),
        (422, false, false),
        (302, false, false),
    ] {
        desk.answers(Some((status, None)));
        let error = post(&webhook).await.unwrap_err();
        assert!(error.to_string().starts_with(&format!("the webhook answers {status}")), "{error}");
        assert_eq!(
            (error.says_nothing_of_the_alert(), error.may_pass()),
            (says_nothing, may_pass),
            "{error}"
        );
    }
    assert_eq!(desk.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_before_the_time_that_the_webhook_names() {
    let desk = Desk::default();
    let server = tokio::task::block_in_place(|| desk.open(0));
    let webhook = Webhook::new(server.url().parse().unwrap()).unwrap();
    desk.answers(Some((429, Some("1"))));
    let begun = Instant::now();
    let refused = post(&webhook).await.unwrap_err();
    assert!(matches!(refused, WebhookError::Answered { status } if status == 429), "{refused}");
    desk.answers(None);
    while let Err(error) = post(&webhook).await {
        assert!(matches!(error, WebhookError::NotYet { left } if left <= Duration::from_secs(1)), "{error}");
        assert!(error.says_nothing_of_the_alert() && begun.elapsed() < PATIENCE);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(begun.elapsed() >= Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!((desk.asked(), desk.taken().len()), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_not_there_says_nothing_of_the_alert() {
    // Nobody listens there once it is dropped.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let webhook = Webhook::new(format!("http://{address}/").parse().unwrap()).unwrap();
    let error = post(&webhook).await.unwrap_err();
    assert!(matches!(error, WebhookError::Unreachable(_)), "{error}");
    assert!(error.says_nothing_of_the_alert());
}
