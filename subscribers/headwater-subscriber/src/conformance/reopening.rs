use super::bench::{Bench, all, put, remove, text};
use super::case::group;
use crate::StoreError;

group![
    what_was_committed_is_there_when_the_store_is_opened_again,
    a_store_is_open_once_and_the_second_one_changes_nothing,
];

fn what_was_committed_is_there_when_the_store_is_opened_again(bench: &Bench<'_>) {
    for round in 0..5_u32 {
        let store = bench.store();
        let rows = (0..round).map(|round| format!(" row {round}={round}")).collect::<String>();
        let expected = if round == 0 { String::new() } else { format!("last={round}{rows}") };
        assert_eq!(text(&all(&store.snapshot().unwrap())), expected);
        let next = (round + 1).to_string();
        store
            .commit(vec![put(format!("row {round}"), round.to_string()), put("last", next), remove("gone")])
            .unwrap();
        // With a flush and without: the process ends by itself.
        if round % 2 == 0 {
            store.flush().unwrap();
        }
    }
}

fn a_store_is_open_once_and_the_second_one_changes_nothing(bench: &Bench<'_>) {
    let store = bench.store();
    store.commit(vec![put("a", "1")]).unwrap();
    let second = bench.open(&bench.path()).map(drop);
    assert!(matches!(second, Err(StoreError::InUse { .. })), "{second:?}");
    store.commit(vec![put("b", "2")]).unwrap();
    drop(store);
    assert_eq!(text(&all(&bench.store().snapshot().unwrap())), "a=1 b=2");
}
