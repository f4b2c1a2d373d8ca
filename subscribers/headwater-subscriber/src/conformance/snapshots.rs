use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::bench::{Bench, END, FIRST, all, get, put, range, remove, text};
use super::case::group;
use crate::{Entry, Order, Snapshot};

group![
    a_snapshot_stays_as_it_is_when_rows_are_changed_removed_and_added,
    an_iterator_that_was_begun_goes_on_in_its_snapshot,
    an_iterator_outlives_its_snapshot,
    each_of_many_snapshots_sees_the_commits_that_precede_it,
];

fn a_snapshot_stays_as_it_is_when_rows_are_changed_removed_and_added(bench: &Bench<'_>) {
    let store = bench.store();
    store.commit(vec![put("b", "1"), put("d", "1"), put("f", "1")]).unwrap();
    let before = store.snapshot().unwrap();
    store.commit(vec![put("b", "2"), remove("d"), put("c", "2"), put("a", "2"), put("z", "2")]).unwrap();
    let between = store.snapshot().unwrap();
    store.commit(vec![remove("b"), put("d", "3"), remove("a"), remove("f")]).unwrap();
    store.flush().unwrap();

    assert_eq!(text(&all(&before)), "b=1 d=1 f=1");
    assert_eq!(text(&range(&before, FIRST, END, Order::Descending)), "f=1 d=1 b=1");
    assert_eq!(["a", "b", "d"].map(|key| get(&before, key)), [None, Some("1".into()), Some("1".into())]);
    drop(before);
    assert_eq!(text(&all(&between)), "a=2 b=2 c=2 f=1 z=2");
    assert_eq!(text(&range(&between, FIRST, END, Order::Descending)), "z=2 f=1 c=2 b=2 a=2");
    assert_eq!(["a", "b", "d"].map(|key| get(&between, key)), [Some("2".into()), Some("2".into()), None]);
    assert_eq!(text(&all(&store.snapshot().unwrap())), "c=2 d=3 z=2");
}

fn an_iterator_that_was_begun_goes_on_in_its_snapshot(bench: &Bench<'_>) {
    let store = bench.store();
    let key = |row: usize| format!("{row:04}");
    store.commit((0..1000).map(|row| put(key(row), "1")).collect()).unwrap();
    let before = all(&store.snapshot().unwrap());
    for order in [Order::Ascending, Order::Descending] {
        let snapshot = store.snapshot().unwrap();
        let mut iterator = snapshot.range(FIRST..END, order);
        let mut read: Vec<Entry> = iterator.by_ref().take(10).map(Result::unwrap).collect();
        let changed = (0..1000).map(|row| if row % 2 == 0 { put(key(row), "2") } else { remove(key(row)) });
        let added = (0..1000).map(|row| put(format!("{row:04} too"), "2"));
        store.commit(changed.chain(added).collect()).unwrap();
        read.extend(iterator.by_ref().take(500).map(Result::unwrap));
        // As it was: what is read next has changed there and back.
        let restored = (0..1000).map(|row| put(key(row), "1"));
        let removed = (0..1000).map(|row| remove(format!("{row:04} too")));
        store.commit(restored.chain(removed).collect()).unwrap();
        read.extend(iterator.map(Result::unwrap));
        if order == Order::Descending {
            read.reverse();
        }
        assert!(read == before, "{order:?}: {} rows", read.len());
        assert!(all(&snapshot) == before, "{order:?}");
    }
}

fn an_iterator_outlives_its_snapshot(bench: &Bench<'_>) {
    let store = bench.store();
    store.commit(vec![put("a", "1"), put("b", "1"), put("c", "1")]).unwrap();
    let mut iterator = store.snapshot().unwrap().range(FIRST..END, Order::Ascending);
    let mut read = vec![iterator.next().unwrap().unwrap()];
    store.commit(vec![put("b", "2"), remove("c"), put("d", "2")]).unwrap();
    drop(store);
    read.extend(iterator.map(Result::unwrap));
    assert_eq!(text(&read), "a=1 b=1 c=1");
}

/// Random commits, and snapshots that are kept for a while, each beside what it is to see.
fn each_of_many_snapshots_sees_the_commits_that_precede_it(bench: &Bench<'_>) {
    let store = bench.store();
    let mut random = Random(20_130_101);
    let mut now: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
    let mut kept: VecDeque<(Arc<dyn Snapshot>, BTreeMap<_, _>)> = VecDeque::new();
    for number in 0..400 {
        let mut commit = BTreeMap::new();
        for _ in 0..random.below(20) {
            let key = format!("key {:02}", random.below(50)).into_bytes();
            let value = (random.below(3) > 0).then(|| format!("{number}").into_bytes());
            commit.insert(key, value);
        }
        for (key, value) in &commit {
            match value {
                Some(value) => now.insert(key.clone(), value.clone()),
                None => now.remove(key),
            };
        }
        let write = |(key, value)| crate::Write { key, value };
        store.commit(commit.into_iter().map(write).collect()).unwrap();
        match random.below(4) {
            0 => kept.push_back((store.snapshot().unwrap(), now.clone())),
            // Not only the oldest one ends.
            1 if !kept.is_empty() => drop(kept.remove(random.below(kept.len()))),
            _ => {}
        }
        for (snapshot, expected) in &kept {
            let ascending: Vec<Entry> = expected.clone().into_iter().collect();
            assert_eq!(text(&all(snapshot)), text(&ascending), "after {number} commits");
            let descending: Vec<Entry> = expected.clone().into_iter().rev().collect();
            assert_eq!(text(&range(snapshot, FIRST, END, Order::Descending)), text(&descending));
            let key = format!("key {:02}", random.below(50)).into_bytes();
            assert_eq!(snapshot.get(&key).unwrap(), expected.get(&key).cloned());
        }
    }
    assert_eq!(text(&all(&store.snapshot().unwrap())), text(&now.into_iter().collect::<Vec<_>>()));
}

/// A linear congruential generator: enough to spread, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 40).unwrap() % limit
    }
}
