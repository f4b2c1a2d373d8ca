use headwater_subscriber::{PostgresConfig, PostgresStore, PostgresStoreError, StoreError};

use crate::bed::{Bed, cases, cause, now, put};

cases![
    a_second_writer_is_refused_until_the_first_one_is_gone,
    a_writer_that_was_cut_off_and_overtaken_commits_nothing,
    a_writer_that_does_not_know_that_it_lost_its_place_commits_nothing,
    a_writer_that_was_cut_off_and_not_overtaken_goes_on,
    a_schema_of_something_else_is_refused_and_left_as_it_is,
    a_schema_that_is_empty_is_taken,
    a_table_of_somebody_else_is_refused_and_left_as_it_is,
    what_is_wrong_with_the_database_is_said_at_once,
];

fn a_second_writer_is_refused_until_the_first_one_is_gone(bed: &Bed) {
    let (store, schema) = bed.store();
    let error = PostgresStore::connect(&bed.config(), &schema).map(drop).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error:?}");
    let line = error.to_string();
    assert!(line.contains(&schema) && line.contains("stop it, or name another schema"), "{line}");
    // A store of another schema is in nobody's way.
    drop(bed.store());
    drop(store);
    PostgresStore::connect(&bed.config(), &schema).unwrap();
}

fn a_writer_that_was_cut_off_and_overtaken_commits_nothing(bed: &Bed) {
    let (proxy, config) = bed.proxy();
    let schema = bed.schema();
    let first = PostgresStore::connect(&config, &schema).unwrap();
    first.commit(vec![put("t\0a", "1"), put("\0checkpoint", "1")]).unwrap();
    proxy.refuse();
    proxy.cut();
    let second = PostgresStore::connect(&bed.config(), &schema).unwrap();
    proxy.accept();
    // While the second one is there, and when it has gone.
    let late = || first.commit(vec![put("t\0a", "2"), put("\0checkpoint", "2")]).unwrap_err();
    second.commit(vec![put("t\0a", "3"), put("\0checkpoint", "3")]).unwrap();
    drop(second);
    for _ in 0..2 {
        let error = late();
        assert!(matches!(cause(&error), PostgresStoreError::Overtaken { .. }), "{error:?}");
    }
    let second = PostgresStore::connect(&bed.config(), &schema).unwrap();
    assert_eq!([now(&second, "t\0a"), now(&second, "\0checkpoint")], [Some("3".into()), Some("3".into())]);
}

/// As after a failover: its session is there and the lock was lost.
fn a_writer_that_does_not_know_that_it_lost_its_place_commits_nothing(bed: &Bed) {
    let (store, schema) = bed.store();
    store.commit(vec![put("t\0a", "1")]).unwrap();
    bed.sql(&format!(r#"UPDATE "{schema}".headwater_writer SET writer = 'another'"#));
    let error = store.commit(vec![put("t\0a", "2"), put("new\0a", "2")]).unwrap_err();
    assert!(matches!(cause(&error), PostgresStoreError::Overtaken { .. }), "{error:?}");
    assert_eq!([now(&store, "t\0a"), now(&store, "new\0a")], [Some("1".into()), None]);

    // The database has lost a commit.
    let (store, schema) = bed.store();
    store.commit(vec![put("t\0a", "1")]).unwrap();
    bed.sql(&format!(r#"UPDATE "{schema}".headwater_writer SET commits = commits - 1"#));
    let error = store.commit(vec![put("t\0a", "2")]).unwrap_err();
    assert!(matches!(cause(&error), PostgresStoreError::Overtaken { .. }), "{error:?}");
    assert_eq!(now(&store, "t\0a").unwrap(), "1");
}

fn a_writer_that_was_cut_off_and_not_overtaken_goes_on(bed: &Bed) {
    let (store, schema) = bed.store();
    store.commit(vec![put("t\0a", "1")]).unwrap();
    let end = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_locks
        WHERE locktype = 'advisory' AND objid = '\"{schema}\".headwater_writer'::regclass::oid"
    );
    assert_eq!(bed.one(&end), "1");
    store.commit(vec![put("t\0a", "2")]).unwrap();
    assert_eq!(now(&store, "t\0a").unwrap(), "2");
    let error = PostgresStore::connect(&bed.config(), &schema).map(drop).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "it has its lock again: {error:?}");
}

fn a_schema_of_something_else_is_refused_and_left_as_it_is(bed: &Bed) {
    let schema = bed.schema();
    bed.sql(&format!(r#"CREATE SCHEMA "{schema}"; CREATE VIEW "{schema}".letters AS SELECT 'dear Ada'"#));
    let error = PostgresStore::connect(&bed.config(), &schema).map(drop).unwrap_err();
    assert!(matches!(&error, StoreError::Foreign { entry, .. } if entry == "letters"), "{error:?}");
    assert!(error.to_string().contains("name another schema"), "{error}");
    let relations =
        format!("SELECT count(*) FROM pg_class WHERE relnamespace = '\"{schema}\"'::regnamespace");
    assert_eq!(bed.one(&relations), "1");
}

fn a_schema_that_is_empty_is_taken(bed: &Bed) {
    let schema = bed.schema();
    bed.sql(&format!(r#"CREATE SCHEMA "{schema}""#));
    let store = PostgresStore::connect(&bed.config(), &schema).unwrap();
    store.commit(vec![put("t\0a", "1")]).unwrap();
    assert_eq!(now(&store, "t\0a").unwrap(), "1");
}

fn a_table_of_somebody_else_is_refused_and_left_as_it_is(bed: &Bed) {
    let (store, schema) = bed.store();
    store.commit(vec![put("stock\0pears", "3")]).unwrap();
    bed.sql(&format!(r#"CREATE TABLE "{schema}".orders (key text, value jsonb)"#));
    for _ in 0..2 {
        let error = store.commit(vec![put("stock\0pears", "4"), put("orders\0a", "1")]).unwrap_err();
        assert!(matches!(&error, StoreError::Foreign { entry, .. } if entry == "orders"), "{error:?}");
    }
    assert_eq!(bed.one(&format!(r#"SELECT count(*) FROM "{schema}".orders"#)), "0");
    // The commit took no effect, and the next one does.
    assert_eq!(now(&store, "stock\0pears").unwrap(), "3");
    store.commit(vec![put("stock\0pears", "5"), put("stock_pkey\0a", "1"), put("_stock\0a", "1")]).unwrap();
    assert_eq!(now(&store, "stock_pkey\0a").unwrap(), "1");
}

fn what_is_wrong_with_the_database_is_said_at_once(bed: &Bed) {
    let connect = |url: &str, schema: &str| {
        let config: PostgresConfig = url.parse().unwrap();
        PostgresStore::connect(&config, schema).map(drop).unwrap_err()
    };
    let server = bed.url().strip_suffix("postgres").unwrap();
    let missing = connect(&format!("{server}nowhere"), "s");
    assert!(matches!(cause(&missing), PostgresStoreError::Refused { .. }), "{missing:?}");
    assert!(cause(&missing).to_string().contains("correct its address, its role, or the role's rights"));

    bed.sql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    let latin = connect(&format!("{server}latin"), "s");
    let unfit = |error: &StoreError, remedy: &str| matches!(cause(error), PostgresStoreError::Unfit { reason, .. } if reason.contains(remedy));
    assert!(unfit(&latin, "create one with UTF8"), "{latin:?}");
    let long = connect(bed.url(), &"s".repeat(64));
    assert!(unfit(&long, "1 to 63 bytes"), "{long:?}");

    let (store, schema) = bed.store();
    drop(store);
    bed.sql(&format!(r#"UPDATE "{schema}".headwater_writer SET layout = 2"#));
    let newer = connect(bed.url(), &schema);
    assert!(unfit(&newer, "upgrade"), "{newer:?}");
}
