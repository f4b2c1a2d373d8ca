use super::bench::{Bench, END, FIRST, put, range, text};
use super::case::group;
use crate::Order;

group![
    a_range_is_in_the_order_of_bytes_in_both_directions,
    a_range_has_its_begin_and_not_its_end,
    a_range_that_ends_before_it_begins_is_empty,
    a_range_of_thousands_of_rows_has_each_once,
];

fn a_range_is_in_the_order_of_bytes_in_both_directions(bench: &Bench<'_>) {
    let store = bench.store();
    // Of several commits, and not in their order.
    for keys in [["b", "a\0", "é"], ["Z", "a", "aa"], ["10", "9", "a\0a"]] {
        store.commit(keys.map(|key| put(key, "")).to_vec()).unwrap();
    }
    let sorted = ["10", "9", "Z", "a", "a\0", "a\0a", "aa", "b", "é"];
    let keys = |order| {
        let entries = range(&store.snapshot().unwrap(), FIRST, END, order);
        entries.into_iter().map(|(key, _)| String::from_utf8(key).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(keys(Order::Ascending), sorted);
    let mut descending = keys(Order::Descending);
    descending.reverse();
    assert_eq!(descending, sorted);
}

fn a_range_has_its_begin_and_not_its_end(bench: &Bench<'_>) {
    let store = bench.store();
    store.commit(["a", "b", "c", "d"].map(|key| put(key, "1")).to_vec()).unwrap();
    let snapshot = store.snapshot().unwrap();
    for (from, to, expected) in [
        ("b", "d", "b=1 c=1"),
        ("b", "b\0", "b=1"),
        ("aa", "cc", "b=1 c=1"),
        ("d", "z", "d=1"),
        ("e", "z", ""),
        ("", "a", ""),
    ] {
        let ascending = range(&snapshot, from.as_bytes(), to.as_bytes(), Order::Ascending);
        assert_eq!(text(&ascending), expected, "{from:?} to {to:?}");
        let mut descending = range(&snapshot, from.as_bytes(), to.as_bytes(), Order::Descending);
        descending.reverse();
        assert_eq!(descending, ascending, "{from:?} to {to:?}");
    }
}

fn a_range_that_ends_before_it_begins_is_empty(bench: &Bench<'_>) {
    let store = bench.store();
    store.commit(["a", "b", "c"].map(|key| put(key, "1")).to_vec()).unwrap();
    let snapshot = store.snapshot().unwrap();
    for order in [Order::Ascending, Order::Descending] {
        for (from, to) in [("c", "a"), ("b", "b"), ("", "")] {
            assert_eq!(range(&snapshot, from.as_bytes(), to.as_bytes(), order), []);
        }
    }
}

/// Many pages of a tree, which were written in another order than they are read.
fn a_range_of_thousands_of_rows_has_each_once(bench: &Bench<'_>) {
    let store = bench.store();
    for begin in 0..10 {
        let rows = (0..1000).map(|row| (row * 10 + begin) % 10_000);
        store.commit(rows.map(|row| put(format!("{row:05}"), row.to_string())).collect()).unwrap();
    }
    let snapshot = store.snapshot().unwrap();
    let expected: Vec<_> =
        (1234..8766).map(|row| (format!("{row:05}").into_bytes(), row.to_string().into_bytes())).collect();
    assert!(range(&snapshot, b"01234", b"08766", Order::Ascending) == expected);
    let mut descending = range(&snapshot, b"01234", b"08766", Order::Descending);
    descending.reverse();
    assert!(descending == expected);
}
