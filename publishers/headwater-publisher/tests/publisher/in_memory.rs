//! A whole service on a log in memory.

use std::sync::Arc;

use headwater_event::{Aggregate, EventSet as _};
use headwater_log::{AppendError, AppendFault, MemoryLog, Recording};
use headwater_publisher::testkit::{overtaken_by, published};
use headwater_publisher::{Aggregates, Feed, FeedSummary, HandleError, InvalidEvents};

use crate::account::{Account, AccountEvent, Deposited, deposit, freeze, withdraw};
use crate::bed::{SOURCE, aggregate, audited_balance, bank};

async fn service() -> (Arc<MemoryLog>, Aggregates<Account>) {
    let log = Arc::new(MemoryLog::new());
    let service = Aggregates::open(log.clone(), SOURCE).await.unwrap();
    (log, service)
}

#[tokio::test]
async fn what_is_published_is_read_by_the_set_that_is_asked_for() {
    let (log, service) = service().await;
    service.handle(deposit("c1", "ann", &[1, 2])).await.unwrap();
    service.handle(freeze("c2", "ann", true)).await.unwrap();
    service.handle(deposit("c3", "bob", &[3])).await.unwrap();
    assert_eq!(published::<AccountEvent>(&log).len(), 4);
    let cents: Vec<_> = published::<Deposited>(&log).into_iter().map(|deposited| deposited.cents).collect();
    assert_eq!(cents, [1, 2, 3]);
    assert_eq!(published::<Deposited>(&MemoryLog::new()), []);
}

#[tokio::test]
#[should_panic(expected = "the event \"c1/0\" at sequence 1 can't be read")]
async fn what_can_t_be_read_fails_the_test() {
    let (log, service) = service().await;
    service.handle(deposit("c1", "ann", &[1])).await.unwrap();
    let broken = log.recording().to_string().replace("\"cents\":1", "\"cents\":\"one\"");
    let log = MemoryLog::from_recording(&broken.parse().unwrap());
    let _ = published::<AccountEvent>(&log);
}

#[tokio::test]
async fn a_service_that_tries_again_stores_a_command_once_whatever_the_log_answered() {
    for fault in [AppendFault::AnswerLost, AppendFault::Unavailable] {
        let (log, service) = service().await;
        service.handle(deposit("c1", "ann", &[5])).await.unwrap();
        log.fail_next_append(fault.clone());
        let error = service.handle(withdraw("c2", "ann", 5)).await.unwrap_err();
        let stored = matches!(fault, AppendFault::AnswerLost);
        assert_eq!(matches!(error, HandleError::Unknown(_)), stored, "{error:?}");
        assert_eq!(matches!(error, HandleError::Unavailable(_)), !stored, "{error:?}");
        assert_eq!(log.stored(&bank()).len(), if stored { 2 } else { 1 });

        let receipt = service.handle(withdraw("c2", "ann", 5)).await.unwrap();
        assert_eq!((receipt.sequence, receipt.repeated), (2, stored));
        assert_eq!(audited_balance(&(log as _), "ann").await, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_overtaken_decides_on_what_the_rival_left() {
    let (log, service) = service().await;
    service.handle(deposit("c1", "ann", &[5])).await.unwrap();
    log.fail_next_append(overtaken_by(&log, SOURCE, deposit("rival", "ann", &[7, 1])).await);
    let receipt = service.handle(deposit("c2", "ann", &[10])).await.unwrap();
    assert_eq!((receipt.sequence, receipt.events), (4, vec!["c2/0".to_owned()]));
    assert_eq!(audited_balance(&(log as _), "ann").await, 23);
}

#[tokio::test]
#[should_panic(expected = "the rival's command can't be handled")]
async fn a_rival_whose_command_is_rejected_is_a_mistake_of_the_test() {
    let (log, _service) = service().await;
    let _ = overtaken_by(&log, SOURCE, withdraw("rival", "ann", 1)).await;
}

#[tokio::test]
#[should_panic(expected = "the rival's command changes nothing")]
async fn a_rival_that_changes_nothing_is_a_mistake_of_the_test() {
    let (log, _service) = service().await;
    let _ = overtaken_by(&log, SOURCE, freeze("rival", "ann", false)).await;
}

#[tokio::test]
async fn a_feed_that_was_cut_off_stores_the_rest_and_nothing_twice() {
    let (log, service) = service().await;
    let send_all = async |service: Aggregates<Account>| {
        let mut feed = Feed::new(service);
        for number in 0..20 {
            let account = format!("{}", number % 3);
            feed.send(deposit(&format!("c{number}"), &account, &[1])).await?;
        }
        feed.finish().await
    };
    service.handle(deposit("c0", "0", &[1])).await.unwrap();
    log.disconnect();
    assert!(send_all(service.clone()).await.is_err());
    log.reconnect();
    let summary = send_all(service).await.unwrap();
    assert_eq!(summary, FeedSummary { published: 19, repeated: 1, rejected: 0 });
    assert_eq!(log.stored(&bank()).len(), 20);
}

#[tokio::test]
async fn a_recorded_account_goes_on_with_the_sequences_that_it_had() {
    let (log, service) = service().await;
    for number in 0..6 {
        let account = if number % 2 == 0 { "ann" } else { "bob" };
        service.handle(deposit(&format!("c{number}"), account, &[10])).await.unwrap();
    }
    let text = log.recording().of_aggregate(&aggregate("bob")).to_string();
    let recording: Recording = text.parse().unwrap();
    let log = Arc::new(MemoryLog::from_recording(&recording));
    let bob = Aggregates::<Account>::open(log.clone(), SOURCE).await.unwrap();

    assert_eq!(bob.handle(deposit("c3", "bob", &[10])).await.unwrap().sequence, 4);
    assert_eq!(bob.handle(withdraw("c6", "bob", 30)).await.unwrap().sequence, 7);
    assert!(bob.handle(withdraw("c7", "bob", 1)).await.unwrap_err().is_rejected());
    let event = AccountEvent::TYPES[0];
    assert_eq!(log.recording().aggregates(), [&Aggregate::new(bank(), event.aggregate, "bob").unwrap()]);
}

#[tokio::test]
async fn too_large_an_event_is_too_large_here_as_well() {
    let (log, service) = service().await;
    let error = service.handle(crate::account::oversized("c1", "ann", &[1])).await.unwrap_err();
    let HandleError::Invalid(InvalidEvents::Append(error)) = &error else { panic!("{error:?}") };
    assert!(matches!(**error, AppendError::TooLarge { .. }), "{error:?}");
    assert_eq!(log.stored(&bank()), []);
}
