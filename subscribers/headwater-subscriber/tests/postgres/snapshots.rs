use std::sync::Arc;
use std::time::Duration;

use headwater_subscriber::{Order, PostgresConfig, PostgresStore, PostgresStoreError, Snapshot};

use crate::bed::{Bed, cases, cause, eventually, get, now, put};

cases![
    snapshots_are_bounded_in_number_and_end_of_one_makes_room,
    the_one_that_commits_has_a_snapshot_however_many_are_open,
    a_snapshot_that_is_kept_for_too_long_ends,
    a_snapshot_goes_on_after_a_lost_connection_as_long_as_nothing_was_committed,
    a_range_is_read_in_pages,
    the_store_is_used_on_the_threads_of_a_runtime,
];

fn snapshots_are_bounded_in_number_and_end_of_one_makes_room(bed: &Bed) {
    let config = bed.config().snapshots_max(2).patience(Duration::from_millis(300));
    let store = PostgresStore::connect(&config, &bed.schema()).unwrap();
    let one = store.snapshot().unwrap();
    let two = store.snapshot().unwrap();
    let error = store.snapshot().map(drop).unwrap_err();
    assert!(matches!(cause(&error), PostgresStoreError::Snapshots { max: 2, .. }), "{error:?}");
    // Commits have a connection of their own.
    store.commit(vec![put("t\0a", "1")]).unwrap();
    drop(one);
    eventually("there is room", || store.snapshot().is_ok());
    assert_eq!(get(&two, "t\0a"), None);
}

fn the_one_that_commits_has_a_snapshot_however_many_are_open(bed: &Bed) {
    let config = bed.config().snapshots_max(1).patience(Duration::from_millis(300));
    let store = PostgresStore::connect(&config, &bed.schema()).unwrap();
    store.commit(vec![put("t\0a", "1")]).unwrap();
    let one = store.snapshot().unwrap();
    let own = [store.snapshot_of_writer().unwrap(), store.snapshot_of_writer().unwrap()];
    store.commit(vec![put("t\0a", "2")]).unwrap();
    assert_eq!(own.each_ref().map(|own| get(own, "t\0a").unwrap()), ["1", "1"]);
    assert_eq!(get(&store.snapshot_of_writer().unwrap(), "t\0a").unwrap(), "2");
    // Nor does it take the room of the others.
    assert!(store.snapshot().is_err());
    drop(one);
    eventually("there is room", || store.snapshot().is_ok());
}

fn a_snapshot_that_is_kept_for_too_long_ends(bed: &Bed) {
    let age_max = Duration::from_millis(300);
    let schema = bed.schema();
    let config: PostgresConfig = format!("{}?application_name=tidy", bed.url()).parse().unwrap();
    let store = PostgresStore::connect(&config.snapshot_age_max(age_max), &schema).unwrap();
    let snapshot = store.snapshot().unwrap();
    assert_eq!(get(&snapshot, "entry"), None);
    eventually("the snapshot ends", || match snapshot.get(b"entry") {
        Ok(_) => false,
        Err(error) => matches!(cause(&error), PostgresStoreError::SnapshotTooOld { .. }),
    });
    // A snapshot that nobody reads doesn't keep the database from tidying up, either.
    let _kept = store.snapshot().unwrap();
    let ended = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'
        AND application_name = 'tidy'";
    eventually("the database ends the transaction", || bed.one(ended) == "0");
}

fn a_snapshot_goes_on_after_a_lost_connection_as_long_as_nothing_was_committed(bed: &Bed) {
    let (proxy, config) = bed.proxy();
    let store = PostgresStore::connect(&config, &bed.schema()).unwrap();
    let key = |row: usize| format!("t\0{row:04}");
    store.commit((0..500).map(|row| put(key(row), row.to_string())).collect()).unwrap();
    let snapshot = store.snapshot().unwrap();
    let mut rows = snapshot.range(b"t\0".as_slice()..b"t\x01".as_slice(), Order::Ascending);
    let mut read: Vec<_> = rows.by_ref().take(40).map(Result::unwrap).collect();
    proxy.cut();
    assert_eq!(get(&snapshot, key(7)).unwrap(), "7");
    proxy.cut();
    read.extend(rows.map(Result::unwrap));
    assert_eq!(read.len(), 500);
    assert!((0..500).all(|row| read[row].0 == key(row).as_bytes()));

    store.commit(vec![put(key(7), "8")]).unwrap();
    assert_eq!(get(&snapshot, key(7)).unwrap(), "7");
    proxy.cut();
    let error = snapshot.get(key(7).as_bytes()).unwrap_err();
    assert!(matches!(cause(&error), PostgresStoreError::SnapshotLost { .. }), "{error:?}");
    assert_eq!(now(&store, key(7)).unwrap(), "8");
}

fn a_range_is_read_in_pages(bed: &Bed) {
    let (proxy, config) = bed.proxy();
    let store = PostgresStore::connect(&config.patience(Duration::from_millis(200)), &bed.schema()).unwrap();
    let row = |row: usize| put(format!("t\0{row:05}"), row.to_string());
    store.commit((0..10_000).map(row).collect()).unwrap();
    let snapshot: Arc<dyn Snapshot> = store.snapshot().unwrap();
    for (order, read) in [(Order::Ascending, 10), (Order::Descending, 3_000)] {
        let mut rows = snapshot.range(b"t\0".as_slice()..b"t\x01".as_slice(), order);
        assert!(rows.by_ref().take(read).all(|row| row.is_ok()));
        proxy.refuse();
        proxy.cut();
        // What is left of a page was there already, and no more.
        let mut left = 0;
        let error = loop {
            match rows.next().unwrap() {
                Ok(_) => left += 1,
                Err(error) => break error,
            }
        };
        assert!(left < 1_000, "{left} rows were read in advance");
        assert!(matches!(cause(&error), PostgresStoreError::Unreachable { .. }), "{error:?}");
        assert!(rows.next().is_none());
        proxy.accept();
    }
}

/// Where a future can't be blocked on.
fn the_store_is_used_on_the_threads_of_a_runtime(bed: &Bed) {
    let (config, schema) = (bed.config(), bed.schema());
    bed.block_on(async {
        let task = tokio::spawn(async move {
            let store = PostgresStore::connect(&config, &schema).unwrap();
            store.commit(vec![put("t\0a", "1")]).unwrap();
            let snapshot = store.snapshot().unwrap();
            let rows = snapshot.range(b"t\0".as_slice()..b"t\x01".as_slice(), Order::Descending).count();
            let value = get(&snapshot, "t\0a");
            drop(store);
            drop(snapshot);
            (rows, value)
        });
        assert_eq!(task.await.unwrap(), (1, Some("1".to_owned())));
    });
}
