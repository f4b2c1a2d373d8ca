use std::time::Duration;

use headwater_outbox::{Enqueued, Forgotten, Pending};

use crate::bank::Booking;
use crate::bed::Bed;
use crate::cases::group;

group![
    operators_see_what_waits_and_for_how_long,
    what_is_old_is_forgotten_but_for_what_waits,
    an_aggregate_that_was_forgotten_goes_on_where_it_was,
    a_command_that_was_forgotten_is_recognised_on_the_stream,
];

const HOUR: Duration = Duration::from_secs(3600);

/// Makes all that is there two hours older.
async fn two_hours_pass(bed: &Bed) {
    for table in ["headwater_outbox", "headwater_outbox_commands", "headwater_outbox_aggregates"] {
        let update = format!("UPDATE {table} SET enqueued_at = enqueued_at - interval '2 hours'");
        bed.client().await.batch_execute(&update).await.unwrap();
    }
}

async fn operators_see_what_waits_and_for_how_long() {
    let bed = Bed::new().await;
    let client = bed.client().await;
    let nothing = Pending { appends: 0, oldest: None, refused: 0 };
    assert_eq!(bed.outbox.pending(&client).await.unwrap(), nothing);
    bed.book("c1", &["a", "b"]).await;
    two_hours_pass(&bed).await;
    bed.book("c2", &["a"]).await;
    let pending = bed.outbox.pending(&client).await.unwrap();
    assert_eq!(pending.appends, 3);
    assert!(pending.oldest.is_some_and(|age| age >= 2 * HOUR), "{pending:?}");
    bed.drain().await;
    assert_eq!(bed.outbox.pending(&client).await.unwrap(), nothing);
}

async fn what_is_old_is_forgotten_but_for_what_waits() {
    let bed = Bed::new().await;
    let client = bed.client().await;
    bed.book("c1", &["a"]).await;
    bed.drain().await;
    bed.book("c2", &["b"]).await;
    two_hours_pass(&bed).await;
    bed.book("c3", &["c"]).await;
    let forgotten = bed.outbox.forget(&client, HOUR).await.unwrap();
    assert_eq!(forgotten, Forgotten { commands: 1, aggregates: 1 });
    assert_eq!(bed.outbox.forget(&client, HOUR).await.unwrap(), Forgotten { commands: 0, aggregates: 0 });
    bed.drain().await;
    bed.audit().await;
    assert_eq!(bed.outbox.forget(&client, HOUR).await.unwrap(), Forgotten { commands: 1, aggregates: 1 });
}

async fn an_aggregate_that_was_forgotten_goes_on_where_it_was() {
    let bed = Bed::new().await;
    let client = bed.client().await;
    bed.book("c1", &["a"]).await;
    bed.book("c2", &["a"]).await;
    bed.drain().await;
    assert_eq!(bed.outbox.forget(&client, Duration::ZERO).await.unwrap().aggregates, 1);
    bed.book("c3", &["a"]).await;
    let summary = bed.drain().await;
    assert_eq!((summary.conflicts, summary.repeated), (1, 0));
    bed.audit().await;
}

async fn a_command_that_was_forgotten_is_recognised_on_the_stream() {
    let bed = Bed::new().await;
    let mut client = bed.client().await;
    bed.book("c1", &["a"]).await;
    bed.book("c2", &["a"]).await;
    bed.drain().await;
    bed.outbox.forget(&client, Duration::ZERO).await.unwrap();
    let again = Booking::new("c1", &["a"]);
    assert_eq!(again.book(&mut client, &bed.outbox).await.unwrap(), Enqueued::New);
    assert_eq!(bed.drain().await.repeated, 1);
    assert_eq!(bed.ids().await, ["c1/0", "c2/0"]);
}
