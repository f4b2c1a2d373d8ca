use std::thread;

use super::bench::{Bench, all, get, put, range, remove, text};
use super::case::group;
use crate::Order;

group![
    a_commit_writes_and_removes_what_it_says,
    a_commit_of_nothing_changes_nothing,
    keys_and_values_may_be_any_bytes,
    a_reader_never_sees_a_part_of_a_commit,
];

fn a_commit_writes_and_removes_what_it_says(bench: &Bench<'_>) {
    let store = bench.store();
    assert_eq!(text(&all(&store.snapshot().unwrap())), "");
    store.commit(vec![put("b", "1"), put("a", "1"), put("c", "1")]).unwrap();
    store.commit(vec![put("b", "2"), remove("a"), remove("never there"), put("d", "")]).unwrap();
    let snapshot = store.snapshot().unwrap();
    assert_eq!(text(&all(&snapshot)), "b=2 c=1 d=");
    assert_eq!(get(&snapshot, "a"), None);
    assert_eq!(get(&snapshot, "b").unwrap(), "2");
    assert_eq!(get(&snapshot, "d").unwrap(), "");
    store.commit(vec![put("a", "3")]).unwrap();
    assert_eq!(text(&all(&store.snapshot().unwrap())), "a=3 b=2 c=1 d=");
}

fn a_commit_of_nothing_changes_nothing(bench: &Bench<'_>) {
    let store = bench.store();
    store.commit(vec![put("a", "1")]).unwrap();
    store.commit(Vec::new()).unwrap();
    store.flush().unwrap();
    store.flush().unwrap();
    assert_eq!(text(&all(&store.snapshot().unwrap())), "a=1");
}

fn keys_and_values_may_be_any_bytes(bench: &Bench<'_>) {
    let bytes: Vec<u8> = (0..=255).collect();
    let large = vec![7; 1_000_000];
    let written = [
        (vec![0], Vec::new()),
        (vec![0, 0], bytes.clone()),
        (b"\0checkpoint".to_vec(), vec![0]),
        (bytes.clone(), large),
        (b"table\0key".to_vec(), b"\xff\xfe".to_vec()),
        (vec![b'k'; 10_000], bytes),
        (vec![0xff, 0], vec![1]),
    ];
    let store = bench.store();
    store.commit(written.iter().map(|(key, value)| put(key, value)).collect()).unwrap();
    let snapshot = store.snapshot().unwrap();
    for (key, value) in &written {
        assert!(snapshot.get(key).unwrap().as_ref() == Some(value), "{:?}", &key[..key.len().min(20)]);
    }
    let mut sorted = written.to_vec();
    sorted.sort();
    assert!(all(&snapshot) == sorted);
}

/// Rows of two tables and a checkpoint: all say after which commit they were read.
fn a_reader_never_sees_a_part_of_a_commit(bench: &Bench<'_>) {
    let store = bench.store();
    let keys: Vec<_> = (0..40).flat_map(|row| [format!("one\0{row:03}"), format!("two\0{row:03}")]).collect();
    let commit = |number: usize| {
        let mut writes: Vec<_> = keys.iter().map(|key| put(key, number.to_string())).collect();
        writes.push(put("\0checkpoint", number.to_string()));
        store.commit(writes).unwrap();
    };
    commit(0);
    thread::scope(|scope| {
        let writing = scope.spawn(|| (1..=200).for_each(commit));
        let mut reads = 0;
        while !writing.is_finished() || reads == 0 {
            let snapshot = store.snapshot().unwrap();
            let checkpoint = get(&snapshot, "\0checkpoint").unwrap();
            let order = if reads % 2 == 0 { Order::Ascending } else { Order::Descending };
            let rows = range(&snapshot, b"one", b"tx", order);
            assert_eq!(rows.len(), keys.len());
            for (key, value) in rows {
                assert_eq!(value, checkpoint.as_bytes(), "{}", String::from_utf8_lossy(&key));
            }
            assert_eq!(get(&snapshot, &keys[reads % keys.len()]).unwrap(), checkpoint);
            reads += 1;
        }
    });
    assert_eq!(get(&store.snapshot().unwrap(), "\0checkpoint").unwrap(), "200");
}
