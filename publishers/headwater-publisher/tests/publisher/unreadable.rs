//! Stored events that the service can't read are typed errors: it doesn't decide on half an account.

use headwater_event::{DecodeError, Envelope};
use headwater_log::{Append, Log};
use headwater_publisher::{HandleError, UnreadableHistory};

use crate::account::{AccountRejection, deposit, open};
use crate::bed::{aggregate, embedded, last, service};

/// Another version of the software has stored an event like this, after one that can be read.
async fn handle_after(log: &Log, event_type: &str, data: &'static str) -> HandleError<AccountRejection> {
    service(log).await.handle(open("c1", "ann")).await.unwrap();
    let envelope =
        Envelope::builder("strange-7", "/bank", format!("dev.headwater.bank.account.{event_type}"))
            .subject("ann")
            .data("application/json", data)
            .build()
            .unwrap();
    let append = Append { aggregate: aggregate("ann"), expected: 1, events: vec![envelope] };
    log.append(append).await.unwrap();

    let error = service(log).await.handle(deposit("c2", "ann", &[5])).await.unwrap_err();
    let assuming = service(log).await.assuming_new().handle(deposit("c2", "ann", &[5])).await.unwrap_err();
    assert_eq!(error.to_string(), assuming.to_string());
    assert!(error.to_string().contains("strange-7"), "{error}");
    assert!(!error.is_rejected() && !error.is_unavailable());
    assert_eq!(last(log).await, 2, "nothing was stored");
    error
}

#[tokio::test]
async fn data_that_isn_t_what_its_type_says() {
    let (log, _directory) = embedded();
    let error = handle_after(&log, "deposited.v1", r#"{"account":"ann","cents":"many"}"#).await;
    assert!(
        matches!(
            error,
            HandleError::Unreadable(UnreadableHistory::Decode { source: DecodeError::Data { .. }, .. })
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_version_that_is_newer_than_the_program() {
    let (log, _directory) = embedded();
    let error = handle_after(&log, "deposited.v2", "{}").await;
    assert!(
        matches!(
            error,
            HandleError::Unreadable(UnreadableHistory::Decode { source: DecodeError::Version { .. }, .. })
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_event_that_the_decider_does_not_know() {
    let (log, _directory) = embedded();
    let error = handle_after(&log, "audited.v1", "{}").await;
    assert!(
        matches!(error, HandleError::Unreadable(UnreadableHistory::UnknownEvent { source: None, .. })),
        "{error:?}"
    );
}
