//! What a command leaves in the log, and what its caller is told.

use headwater_event::TraceContext;
use headwater_log::{Append, AppendError};
use headwater_publisher::{Command, HandleError, InvalidEvents, Receipt};
use jiff::Timestamp;

use crate::account::{Account, AccountRejection, deposit, freeze, oversized, withdraw};
use crate::bed::{audited_balance, bank, embedded, history, ids, last, rejection, service, stored};

#[tokio::test]
async fn the_events_of_a_command_say_who_caused_them_when_and_in_which_flow() {
    let (log, _directory) = embedded();
    let trace: TraceContext = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().unwrap();
    let at: Timestamp = "2013-01-01T06:00:00Z".parse().unwrap();
    let Command { key, command, context, .. } = deposit("pay-7", "ann", &[5, 10]);
    let context = context.with_correlation_id("checkout-7").with_trace(trace.clone());
    let command: Command<Account> = Command { key, command, context, at };
    service(&log).await.handle(command).await.unwrap();

    let stored = stored(&log).await;
    assert_eq!(stored.len(), 2);
    for (index, event) in stored.iter().enumerate() {
        let envelope = &event.envelope;
        assert_eq!(envelope.id(), format!("pay-7/{index}"));
        assert_eq!(envelope.source(), "/bank");
        assert_eq!(envelope.type_name(), "dev.headwater.bank.account.deposited.v1");
        assert_eq!(envelope.subject(), Some("ann"));
        assert_eq!(envelope.time(), Some(at));
        assert_eq!(envelope.correlation_id(), Some("checkout-7"));
        assert_eq!(envelope.causation_id(), Some("pay-7"));
        assert_eq!(envelope.trace().unwrap().trace_id(), trace.trace_id());
        assert_ne!(envelope.trace().unwrap(), trace, "an event is a span of its own");
    }
}

#[tokio::test]
async fn a_receipt_names_the_events_and_the_sequence_of_the_last_one() {
    let (log, _directory) = embedded();
    let service = service(&log).await;
    service.handle(deposit("c1", "bob", &[1])).await.unwrap();
    let receipt = service.handle(deposit("c2", "ann", &[5, 10, 20])).await.unwrap();
    let events = ["c2/0", "c2/1", "c2/2"].map(str::to_owned).to_vec();
    assert_eq!(receipt, Receipt { domain: bank(), sequence: 4, events, repeated: false });
}

#[tokio::test]
async fn a_rejection_is_the_decider_s_own_and_stores_nothing() {
    let (log, _directory) = embedded();
    let service = service(&log).await;
    let overdrawn = |balance| AccountRejection::Overdrawn { balance };
    assert_eq!(rejection(service.handle(withdraw("c1", "ann", 1)).await), overdrawn(0));
    assert_eq!(last(&log).await, 0);
    service.handle(deposit("c2", "ann", &[5])).await.unwrap();
    assert_eq!(rejection(service.handle(withdraw("c3", "ann", 6)).await), overdrawn(5));
    assert_eq!(last(&log).await, 1);
    service.handle(withdraw("c4", "ann", 5)).await.unwrap();
    assert_eq!(audited_balance(&log, "ann").await, 0);
}

#[tokio::test]
async fn a_command_that_changes_nothing_stores_nothing_and_names_the_state_that_it_found() {
    let (log, _directory) = embedded();
    let service = service(&log).await;
    let unchanged = |sequence| Receipt { domain: bank(), sequence, events: Vec::new(), repeated: false };
    assert_eq!(service.handle(freeze("c1", "ann", false)).await.unwrap(), unchanged(0));
    service.handle(freeze("c2", "ann", true)).await.unwrap();
    assert_eq!(service.handle(freeze("c3", "ann", true)).await.unwrap(), unchanged(1));
    assert_eq!(ids(&log).await, ["c2/0"]);
}

#[tokio::test]
async fn the_events_of_a_command_are_stored_all_or_none() {
    let (log, _directory) = embedded();
    let service = service(&log).await;
    service.handle(deposit("c1", "ann", &[1])).await.unwrap();
    let too_many = [1; Append::EVENTS_MAX + 1];
    for command in [oversized("c2", "ann", &[5, 10]), deposit("c3", "ann", &too_many)] {
        let error = service.handle(command).await.unwrap_err();
        let HandleError::Invalid(InvalidEvents::Append(error)) = &error else { panic!("{error:?}") };
        assert!(matches!(**error, AppendError::TooLarge { .. } | AppendError::Invalid { .. }), "{error}");
    }
    assert_eq!(ids(&log).await, ["c1/0"]);
    service.handle(deposit("c4", "ann", &[5, 10])).await.unwrap();
    assert_eq!(ids(&log).await, ["c1/0", "c4/0", "c4/1"]);
    assert_eq!(audited_balance(&log, "ann").await, 16);
}

#[tokio::test]
async fn accounts_don_t_know_each_other() {
    let (log, _directory) = embedded();
    let service = service(&log).await;
    for (id, account) in [("c1", "ann"), ("c2", "bob"), ("c3", "a.b *>%é"), ("c4", "ann")] {
        service.handle(deposit(id, account, &[5])).await.unwrap();
    }
    assert_eq!(history(&log, "ann").await.len(), 2);
    assert_eq!(audited_balance(&log, "bob").await, 5);
    assert_eq!(audited_balance(&log, "a.b *>%é").await, 5);
}

#[tokio::test]
async fn an_account_without_a_name_is_a_typed_error() {
    let (log, _directory) = embedded();
    let error = service(&log).await.handle(deposit("c1", "", &[5])).await.unwrap_err();
    assert!(matches!(error, HandleError::Invalid(InvalidEvents::Subject(_))), "{error:?}");
}
