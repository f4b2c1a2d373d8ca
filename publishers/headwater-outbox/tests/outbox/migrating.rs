use headwater_event::CommandContext;
use headwater_outbox::{Outbox, Relay};
use jiff::Timestamp;

use crate::bank::booked;
use crate::bed::{Bed, Running, SOURCE, eventually};
use crate::cases::group;

group![
    services_that_start_at_once_migrate_once,
    two_outboxes_in_two_schemas_know_nothing_of_each_other,
    the_migration_s_text_makes_the_same_tables,
];

async fn services_that_start_at_once_migrate_once() {
    let bed = Bed::new().await;
    bed.book("c1", &["a"]).await;
    let migrate = async |schema: &str| {
        let mut client = bed.client().await;
        Outbox::new(SOURCE).in_schema(schema).migrate(&mut client).await.unwrap();
        let path = client.query_one("SELECT current_setting('search_path')", &[]).await.unwrap();
        assert_eq!(path.get::<_, String>(0), "\"$user\", public");
    };
    tokio::join!(
        migrate("or\"ders"),
        migrate("or\"ders"),
        migrate("or\"ders"),
        migrate("public"),
        migrate("public")
    );
    bed.drain().await;
    bed.audit().await;
}

async fn two_outboxes_in_two_schemas_know_nothing_of_each_other() {
    let bed = Bed::new().await;
    let mut client = bed.client().await;
    let mut relays = Vec::new();
    for schema in ["north", "south"] {
        let outbox = Outbox::new(format!("/{schema}")).in_schema(schema);
        outbox.migrate(&mut client).await.unwrap();
        relays.push(Running::start(Relay::new(bed.config(), bed.log.clone()).in_schema(schema)));
        let transaction = client.transaction().await.unwrap();
        let context = CommandContext::new("c1");
        let _new = outbox.enqueue(&transaction, &context, Timestamp::now(), &[booked(schema)]).await.unwrap();
        transaction.commit().await.unwrap();
    }
    // Both work at the same time: neither stops before both have published.
    eventually("both have published", async || bed.last().await == 2).await;
    for relay in relays {
        let summary = relay.stop().await.unwrap();
        assert_eq!((summary.events, summary.terms), (1, 1));
    }
}

async fn the_migration_s_text_makes_the_same_tables() {
    let bed = Bed::new().await;
    let client = bed.client().await;
    client.batch_execute("CREATE SCHEMA by_hand; SET search_path TO by_hand").await.unwrap();
    client.batch_execute(Outbox::MIGRATION).await.unwrap();
    client.batch_execute(Outbox::MIGRATION).await.unwrap();
    let columns = "SELECT string_agg(table_name || '.' || column_name || ' ' || data_type, ', '
            ORDER BY table_name, ordinal_position)
        FROM information_schema.columns WHERE table_schema = $1 AND table_name LIKE 'headwater%'";
    let columns_of =
        async |schema: &str| -> String { client.query_one(columns, &[&schema]).await.unwrap().get(0) };
    let (by_hand, migrated) = (columns_of("by_hand").await, columns_of("public").await);
    assert_eq!(by_hand, migrated);
    assert!(by_hand.contains("headwater_outbox.position bigint"), "{by_hand}");
}
