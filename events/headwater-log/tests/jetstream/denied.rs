//! A denied publish has a name, and no time-out.

use std::sync::Arc;

use headwater_event::Domain;
use headwater_log::service::Connection;
use headwater_log::testkit::Server;
use headwater_log::{
    AppendError, BulkLoadError, Commit, EventLog as _, Flush, JetStreamConfig, JetStreamLog,
};

use super::bed::{Bed, append, group};
use super::loads::load;

group![
    a_denied_event_says_which_subject_is_denied,
    a_denied_event_of_a_batch_says_which_subject_is_denied,
    a_denied_event_among_many_disturbs_nobody_else,
    a_denied_event_of_a_load_says_which_subject_is_denied,
    answers_that_may_not_be_read_leave_it_unknown,
];

/// A server of the case's own, which lets its user publish no event that is called `paid`.
async fn strict(bed: &Bed, flush: Flush, subscribe: &str) -> (Server, JetStreamLog) {
    let domain: &Domain = &bed.domain;
    let config = format!(
        "authorization {{ users: [\n\
         {{ user: owner, password: pw }}\n\
         {{ user: ana, password: pw, permissions: {{ \
         publish: {{ allow: [\"$JS.API.>\", \"evt.>\"], deny: [\"evt.{domain}.order.paid.*\"] }}, \
         subscribe: {subscribe:?} }} }}\n] }}"
    );
    let server = Server::builder().config(config).start().await.unwrap();
    let connect = async |user: &str| {
        let url = format!("nats://{user}:pw@127.0.0.1:{}", server.port());
        Connection::to(&url).unwrap().connect_watched("tests").await.unwrap()
    };
    let (owner, _) = connect("owner").await;
    let config = JetStreamConfig { replicas: 1, flush, ..bed.impatient() };
    JetStreamLog::new(owner, config.clone()).open(domain).await.unwrap();
    let (client, denials) = connect("ana").await;
    (server, JetStreamLog::watched(client, denials, config))
}

/// What is denied.
#[track_caller]
fn denied(error: AppendError) -> String {
    match error {
        AppendError::Denied { subject, .. } => subject,
        other => panic!("not denied: {other:?}"),
    }
}

async fn a_denied_event_says_which_subject_is_denied(bed: Bed) {
    for flush in [Flush::Lazily, Flush::Always] {
        let (_server, log) = strict(&bed, flush, "_INBOX.>").await;
        log.append(append(&bed.aggregate("7"), 0, &["placed"])).await.unwrap();
        let error = log.append(append(&bed.aggregate("7"), 1, &["paid"])).await.unwrap_err();
        let subject = format!("evt.{}.order.paid.7", bed.domain);
        assert!(error.to_string().contains(&subject), "{error}");
        assert_eq!(denied(error), subject);
    }
}

async fn a_denied_event_of_a_batch_says_which_subject_is_denied(bed: Bed) {
    let (_server, log) = strict(&bed, Flush::Lazily, "_INBOX.>").await;
    for names in [["placed", "paid", "shipped"], ["paid", "placed", "shipped"], ["placed", "shipped", "paid"]]
    {
        let error = log.append(append(&bed.aggregate("7"), 0, &names)).await.unwrap_err();
        assert_eq!(denied(error), format!("evt.{}.order.paid.7", bed.domain));
    }
    let two = Commit::from(append(&bed.aggregate("7"), 0, &["placed"])).and(append(
        &bed.aggregate("8"),
        0,
        &["paid"],
    ));
    assert_eq!(denied(log.commit(two).await.unwrap_err()), format!("evt.{}.order.paid.8", bed.domain));
    assert_eq!(log.info(&bed.domain).await.unwrap().last, 0);
}

async fn a_denied_event_among_many_disturbs_nobody_else(bed: Bed) {
    let (_server, log) = strict(&bed, Flush::Always, "_INBOX.>").await;
    let log = Arc::new(log);
    let append = |number: usize| {
        let name = if number == 70 { "paid" } else { "placed" };
        let (log, append) = (log.clone(), append(&bed.aggregate(&number.to_string()), 0, &[name]));
        tokio::spawn(async move { log.append(append).await })
    };
    let appending: Vec<_> = (0..100).map(append).collect();
    for (number, appending) in appending.into_iter().enumerate() {
        match appending.await.unwrap() {
            Err(error) if number == 70 => {
                assert_eq!(denied(error), format!("evt.{}.order.paid.70", bed.domain));
            }
            answer => assert!(answer.is_ok(), "{number}: {answer:?}"),
        }
    }
    assert_eq!(log.info(&bed.domain).await.unwrap().last, 99);
}

async fn a_denied_event_of_a_load_says_which_subject_is_denied(bed: Bed) {
    let (_server, log) = strict(&bed, Flush::Lazily, "_INBOX.>").await;
    for denied_at in [0, 42, 99] {
        let domain = &bed.domain;
        let append = |number: usize| {
            let name = if number == denied_at { "paid" } else { "placed" };
            append(&bed.aggregate(&format!("{denied_at}-{number}")), 0, &[name])
        };
        let appends: Vec<_> = (0..100).map(append).collect();
        let error = load(&log, &bed, &appends).await.unwrap_err();
        let BulkLoadError::Failed { event, stored, source, .. } = error else { panic!("{error:?}") };
        assert_eq!(denied(source), format!("evt.{domain}.order.paid.{denied_at}-{denied_at}"));
        assert_eq!((event.as_str(), stored), (appends[denied_at].events[0].id(), denied_at as u64));
    }
}

async fn answers_that_may_not_be_read_leave_it_unknown(bed: Bed) {
    let (_server, log) = strict(&bed, Flush::Lazily, "nothing").await;
    let error = log.append(append(&bed.aggregate("7"), 0, &["placed"])).await.unwrap_err();
    assert!(matches!(error, AppendError::Unknown { .. }), "{error:?}");
}
