use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use headwater_subscriber::{PostgresConfig, PostgresStore, PostgresStoreError};

use crate::bed::{Bed, PATIENCE, cases, cause, count, eventually, now, put, remove};

cases![
    a_server_that_is_killed_in_the_middle_of_commits_loses_none_and_has_none_twice,
    a_commit_whose_answer_is_lost_takes_effect_once,
    a_commit_that_is_cut_off_on_its_way_is_sent_again,
    a_silent_network_is_an_error_in_time_and_nothing_follows_a_commit_in_doubt,
    a_session_that_hangs_gives_its_lock_to_the_same_writer,
    a_server_that_is_away_is_waited_for_and_then_said_to_be_away,
    a_commit_of_a_thousand_rows_takes_few_round_trips,
];

/// How many rows each commit writes to each of two tables.
const ROWS: usize = 20;

fn a_server_that_is_killed_in_the_middle_of_commits_loses_none_and_has_none_twice(bed: &Bed) {
    let mut postgres = bed.server();
    let config: PostgresConfig = postgres.url().parse().unwrap();
    let store = PostgresStore::connect(&config.patience(PATIENCE), "killed").unwrap();
    store.commit(vec![put("one\0first", "0")]).unwrap();
    bed.audit(&postgres.url(), "killed", "one");
    let done = AtomicUsize::new(0);
    let last = thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut number = 0;
            while done.load(Ordering::Relaxed) < usize::MAX / 2 {
                number += 1;
                let value = number.to_string();
                let rows = (0..ROWS).flat_map(|row| [format!("two\0{row}"), format!("three\0{row}")]);
                let mut writes: Vec<_> = rows.map(|key| put(key, &value)).collect();
                writes.extend([put("one\0row", &value), put("\0checkpoint", &value)]);
                store.commit(writes).unwrap();
                done.fetch_add(1, Ordering::Relaxed);
            }
            number
        });
        for kill in 1..=4 {
            let before = done.load(Ordering::Relaxed);
            eventually("it goes on", || done.load(Ordering::Relaxed) > before + 10 * kill);
            bed.block_on(postgres.kill()).unwrap();
            bed.block_on(postgres.restart()).unwrap();
        }
        done.store(usize::MAX / 2, Ordering::Relaxed);
        writing.join().unwrap()
    });
    // Each number was written, and none of them twice: not one more than was said to be.
    let expected: Vec<_> = (1..=last).map(|number| number.to_string()).collect();
    assert_eq!(bed.audited(&postgres.url(), "killed"), expected);
    let last = last.to_string();
    for key in ["one\0row", "two\x007", "three\x007", "\0checkpoint"] {
        assert_eq!(now(&store, key).as_ref(), Some(&last), "{key:?}");
    }
}

fn a_commit_whose_answer_is_lost_takes_effect_once(bed: &Bed) {
    let (proxy, config) = bed.proxy();
    let schema = bed.schema();
    let store = PostgresStore::connect(&config, &schema).unwrap();
    store.commit(vec![put("t\0a", "0")]).unwrap();
    bed.audit(bed.url(), &schema, "t");
    for number in 1..=5_u8 {
        // As the server says that it has committed.
        proxy.lose_reply(b"COMMIT\0");
        store.commit(vec![put("t\0a", number.to_string())]).unwrap();
        assert_eq!(now(&store, "t\0a").unwrap(), number.to_string());
    }
    assert_eq!(bed.audited(bed.url(), &schema), ["1", "2", "3", "4", "5"]);
    // A commit that makes a table, too.
    proxy.lose_reply(b"COMMIT\0");
    store.commit(vec![put("new\0a", "1"), remove("t\0a")]).unwrap();
    store.commit(vec![put("new\0a", "2")]).unwrap();
    assert_eq!([now(&store, "new\0a"), now(&store, "t\0a")], [Some("2".into()), None]);
    assert_eq!(bed.one(&format!(r#"SELECT commits FROM "{schema}".headwater_writer"#)), "8");
}

fn a_commit_that_is_cut_off_on_its_way_is_sent_again(bed: &Bed) {
    let (proxy, config) = bed.proxy();
    let schema = bed.schema();
    let store = PostgresStore::connect(&config, &schema).unwrap();
    store.commit(vec![put("t\0a", "0")]).unwrap();
    bed.audit(bed.url(), &schema, "t");
    for (number, pattern) in [(1, "COMMIT"), (2, "BEGIN"), (3, "a value")] {
        proxy.cut_after(pattern.as_bytes());
        store.commit(vec![put("t\0a", number.to_string()), put("other\0a", "\"a value\"")]).unwrap();
        assert_eq!(now(&store, "t\0a").unwrap(), number.to_string());
    }
    assert_eq!(bed.audited(bed.url(), &schema), ["1", "2", "3"]);
}

fn a_silent_network_is_an_error_in_time_and_nothing_follows_a_commit_in_doubt(bed: &Bed) {
    let (proxy, config) = bed.proxy();
    let limit = Duration::from_millis(400);
    let config = config.answer_limit(limit).patience(Duration::from_millis(800));
    let schema = bed.schema();
    let store = PostgresStore::connect(&config, &schema).unwrap();
    store.commit(vec![put("t\0a", "1")]).unwrap();
    proxy.stall();
    let begun = Instant::now();
    let error = store.commit(vec![put("t\0a", "2")]).unwrap_err();
    assert!(matches!(cause(&error), PostgresStoreError::Unreachable { .. }), "{error:?}");
    let error = store.snapshot().map(drop).unwrap_err();
    assert!(matches!(cause(&error), PostgresStoreError::Unreachable { .. }), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    proxy.resume();
    proxy.cut();
    // It had not got as far as the commit, so there is no doubt, and the store goes on.
    eventually("the store goes on", || store.commit(vec![put("t\0a", "3")]).is_ok());
    assert_eq!(now(&store, "t\0a").unwrap(), "3");

    // The server commits, and nobody hears of it.
    proxy.lose_reply(b"COMMIT\0");
    proxy.refuse();
    let error = store.commit(vec![put("t\0a", "4")]).unwrap_err();
    assert!(matches!(cause(&error), PostgresStoreError::Unreachable { .. }), "{error:?}");
    proxy.accept();
    let error = store.commit(vec![put("t\0a", "5")]).unwrap_err();
    assert!(matches!(cause(&error), PostgresStoreError::Overtaken { .. }), "{error:?}");
    drop(store);
    let store = PostgresStore::connect(&bed.config(), &schema).unwrap();
    assert_eq!(now(&store, "t\0a").unwrap(), "4");
}

/// The server doesn't know that the connection is dead, and keeps its lock for it. Another way leads there.
fn a_session_that_hangs_gives_its_lock_to_the_same_writer(bed: &Bed) {
    let (first, _) = bed.proxy();
    let (second, _) = bed.proxy();
    let url =
        format!("postgresql://postgres@127.0.0.1:{},127.0.0.1:{}/postgres", first.port(), second.port());
    let config: PostgresConfig = url.parse().unwrap();
    let config = config.answer_limit(Duration::from_secs(2));
    let schema = bed.schema();
    let store = PostgresStore::connect(&config, &schema).unwrap();
    store.commit(vec![put("t\0a", "0")]).unwrap();
    bed.audit(bed.url(), &schema, "t");
    first.stall();
    first.refuse();
    store.commit(vec![put("t\0a", "1")]).unwrap();
    assert_eq!(now(&store, "t\0a").unwrap(), "1");
    // What was sent on the old way arrives after all, at a session that is gone.
    first.resume();
    store.commit(vec![put("t\0a", "2")]).unwrap();
    assert_eq!(bed.audited(bed.url(), &schema), ["1", "2"]);
}

fn a_server_that_is_away_is_waited_for_and_then_said_to_be_away(bed: &Bed) {
    let mut postgres = bed.server();
    let config: PostgresConfig = postgres.url().parse().unwrap();
    let store = PostgresStore::connect(&config.clone().patience(PATIENCE), "away").unwrap();
    bed.block_on(postgres.kill()).unwrap();
    let error =
        PostgresStore::connect(&config.patience(Duration::from_millis(300)), "away").map(drop).unwrap_err();
    assert!(matches!(cause(&error), PostgresStoreError::Unreachable { .. }), "{error:?}");
    thread::scope(|scope| {
        let committing = scope.spawn(|| store.commit(vec![put("t\0a", "1")]));
        let reading = scope.spawn(|| now(&store, "t\0b"));
        bed.block_on(postgres.restart()).unwrap();
        committing.join().unwrap().unwrap();
        assert_eq!(reading.join().unwrap(), None);
    });
    assert_eq!(now(&store, "t\0a").unwrap(), "1");
}

fn a_commit_of_a_thousand_rows_takes_few_round_trips(bed: &Bed) {
    let (proxy, config) = bed.proxy();
    let store = PostgresStore::connect(&config, &bed.schema()).unwrap();
    let commit = |number: usize| {
        let row = |row: usize| {
            put(format!("table {}\0{row}", row % 3), format!(r#"{{"row":{row},"number":{number}}}"#))
        };
        let entry = |row: usize| put(format!("\0index\0{row}"), "x");
        let mut writes: Vec<_> = (0..1000).map(row).chain((0..200).map(entry)).collect();
        writes.extend((1000..1100).map(|row| remove(format!("table 1\0{row}"))));
        store.commit(writes).unwrap();
    };
    commit(1);
    let there_and_back = Duration::from_millis(100);
    proxy.delay(there_and_back / 2, there_and_back / 2);
    let begun = Instant::now();
    commit(2);
    let round_trips = begun.elapsed().as_secs_f64() / there_and_back.as_secs_f64();
    assert!(round_trips < 4.0, "{round_trips} round trips, and two are needed");
    proxy.delay(Duration::ZERO, Duration::ZERO);
    assert_eq!(count(&store.snapshot().unwrap()), 1200);
}
