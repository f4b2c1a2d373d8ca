use headwater_event::CommandContext;
use headwater_log::AppendError;
use headwater_log::testkit::Server;
use headwater_outbox::{EnqueueError, Outbox, RelayError};
use jiff::Timestamp;

use crate::bank::{Booked, Rated, booked};
use crate::bed::{Bed, SOURCE, eventually};
use crate::cases::group;

group![
    what_the_log_would_refuse_is_refused_before_the_commit,
    data_that_does_not_fit_the_declared_schema_is_refused_before_the_commit,
    what_a_server_refuses_stops_its_aggregate_and_nothing_else,
    without_its_tables_a_relay_says_so,
    a_relay_that_the_database_refuses_says_so,
];

async fn what_the_log_would_refuse_is_refused_before_the_commit() {
    let bed = Bed::new().await;
    let mut client = bed.client().await;
    let large = Booked { note: "x".repeat(Outbox::EVENT_BYTES_MAX), ..booked("a") };
    let small = bed.outbox.clone().event_bytes_max(500);
    let wordy = Booked { note: "x".repeat(500), ..booked("a") };
    let nobody = Outbox::new("not a uri");
    let cases: [(&Outbox, &str, Vec<Booked>); 6] = [
        (&bed.outbox, "c", vec![large]),
        (&small, "c", vec![wordy]),
        (&bed.outbox, "c", vec![booked("a"); 1001]),
        (&bed.outbox, "c", vec![booked("")]),
        (&bed.outbox, "c\n", vec![booked("a")]),
        (&nobody, "c", vec![booked("a")]),
    ];
    for (number, (outbox, id, events)) in cases.into_iter().enumerate() {
        let transaction = client.transaction().await.unwrap();
        let context = CommandContext::new(id);
        let error = outbox.enqueue(&transaction, &context, Timestamp::now(), &events).await.unwrap_err();
        match (number, &error) {
            (0 | 1, EnqueueError::Refused(refused)) => {
                assert!(matches!(**refused, AppendError::TooLarge { .. }), "{refused:?}");
            }
            (2, EnqueueError::Refused(refused)) => {
                assert!(matches!(**refused, AppendError::Invalid { .. }), "{refused:?}");
            }
            (3, EnqueueError::Subject(_) | EnqueueError::Envelope(_))
            | (4 | 5, EnqueueError::Envelope(_)) => {}
            _ => panic!("case {number}: {error:?}"),
        }
        assert!(!error.is_retryable());
        // Even whoever ignores the error enqueues nothing.
        transaction.commit().await.unwrap();
    }
    assert_eq!(bed.outbox.pending(&client).await.unwrap().appends, 0);
    // As many as fit are not refused.
    let transaction = client.transaction().await.unwrap();
    let context = CommandContext::new("c");
    let _new =
        bed.outbox.enqueue(&transaction, &context, Timestamp::now(), &vec![booked("a"); 1000]).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(bed.drain().await.events, 1000);
}

async fn data_that_does_not_fit_the_declared_schema_is_refused_before_the_commit() {
    let bed = Bed::new().await;
    let mut client = bed.client().await;
    let rated = |stars| Rated { branch: "north".to_owned(), stars };
    let transaction = client.transaction().await.unwrap();
    let context = CommandContext::new("c");
    let command = bed.outbox.command(&context, Timestamp::now()).event(&booked("a")).event(&rated(6));
    let error = command.enqueue(&transaction).await.unwrap_err();
    let EnqueueError::Violation(violation) = &error else { panic!("{error:?}") };
    assert_eq!((violation.event.as_str(), violation.pointer.as_str()), ("c/1", "/stars"));
    assert!(!error.is_retryable());
    transaction.commit().await.unwrap();
    assert_eq!(bed.outbox.pending(&client).await.unwrap().appends, 0);

    let transaction = client.transaction().await.unwrap();
    let _new = bed.outbox.enqueue(&transaction, &context, Timestamp::now(), &[rated(5)]).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(bed.drain().await.events, 1);
}

async fn what_a_server_refuses_stops_its_aggregate_and_nothing_else() {
    // It takes less than the service was told.
    let bed = Bed::with(Server::builder().max_payload(4096).start().await.unwrap()).await;
    let mut client = bed.client().await;
    let relay = bed.relay();
    bed.book("c1", &["a"]).await;
    let transaction = client.transaction().await.unwrap();
    let large = Booked { note: "x".repeat(5000), ..booked("a") };
    let context = CommandContext::new("c2");
    let _new = bed.outbox.enqueue(&transaction, &context, Timestamp::now(), &[large]).await.unwrap();
    transaction.commit().await.unwrap();
    bed.book("c3", &["a"]).await;
    bed.book("c4", &["b"]).await;
    eventually("the append is refused", async || bed.outbox.pending(&client).await.unwrap().refused == 1)
        .await;
    bed.book("c5", &["b"]).await;
    eventually("all others are relayed", async || bed.ids().await.len() == 3).await;
    let ids = bed.ids().await;
    assert!(["c1/0", "c4/0", "c5/0"].iter().all(|id| ids.iter().any(|stored| stored == id)), "{ids:?}");

    let refusals = bed.outbox.refusals(&client).await.unwrap();
    assert_eq!(refusals.len(), 1);
    assert_eq!(refusals[0].aggregate, "evt.bank.account.*.a");
    assert!(refusals[0].reason.contains("at most 4096"), "{}", refusals[0].reason);
    let waiting = async || bed.outbox.pending(&client).await.unwrap().appends;
    eventually("what is relayed is deleted", async || waiting().await == 2).await;

    // Trying again doesn't help, and changes nothing.
    assert_eq!(bed.outbox.retry_refused(&client).await.unwrap(), 1);
    eventually("it is refused again", async || bed.outbox.pending(&client).await.unwrap().refused == 1).await;
    assert_eq!(relay.stop().await.unwrap().refused, 2);
    assert_eq!(bed.stored().await.len(), 3);

    // Without it, the aggregate goes on.
    let delete = "DELETE FROM headwater_outbox WHERE position = $1";
    assert_eq!(client.execute(delete, &[&refusals[0].position]).await.unwrap(), 1);
    bed.outbox.retry_refused(&client).await.unwrap();
    bed.drain().await;
    assert_eq!(bed.ids().await.last().unwrap(), "c3/0");
    bed.audit().await;
}

async fn without_its_tables_a_relay_says_so() {
    let bed = Bed::new().await;
    let relay = headwater_outbox::Relay::new(bed.config(), bed.log.clone()).in_schema("elsewhere");
    let error = crate::bed::Running::start(relay).end().await.unwrap_err();
    assert!(matches!(error, RelayError::NotMigrated), "{error:?}");
    let client = bed.client().await;
    client.batch_execute("INSERT INTO headwater_outbox_version (version) VALUES (7)").await.unwrap();
    let error = bed.relay().end().await.unwrap_err();
    assert!(matches!(error, RelayError::Newer { found: 7, known: 1 }), "{error:?}");
    let outbox = Outbox::new(SOURCE);
    assert!(outbox.migrate(&mut bed.client().await).await.is_err());
}

async fn a_relay_that_the_database_refuses_says_so() {
    let bed = Bed::new().await;
    let mut config = bed.config();
    config.dbname("nowhere");
    let relay = headwater_outbox::Relay::new(config, bed.log.clone());
    let error = crate::bed::Running::start(relay).end().await.unwrap_err();
    assert!(matches!(error, RelayError::Database { .. }), "{error:?}");
}
