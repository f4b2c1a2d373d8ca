use std::time::{Duration, Instant};

use bytes::Bytes;
use headwater_event::Aggregate;
use tokio::task::yield_now;
use tokio::time::sleep;

use super::bench::{Bench, PATIENCE, take};
use super::case::group;
use super::ids::IDS;
use crate::{Log, Note, NoteError};

group![
    nothing_is_noted_at_first,
    a_note_is_read_back_by_every_log,
    a_note_takes_the_place_of_what_had_its_name,
    several_notes_of_one_call_are_all_kept,
    several_notes_are_read_together,
    whoever_finds_a_note_finds_what_it_relies_on,
    of_two_notes_with_one_name_the_later_is_kept,
    no_notes_at_all_are_kept_at_once,
    notes_of_other_aggregates_kinds_and_names_are_others,
    notes_stand_beside_an_aggregate_with_any_id,
    a_note_without_content_is_one,
    takes_the_largest_note_and_refuses_the_next_larger,
    a_name_that_is_no_token_is_refused,
    notes_are_no_events,
    many_notes_at_once_are_all_kept,
];

async fn nothing_is_noted_at_first(bench: Bench) {
    let aggregate = bench.aggregate("7");
    assert_eq!(bench.log.note(&aggregate, "state").await.unwrap(), None);
    bench.append(&aggregate, 0, &["placed"]).await;
    assert_eq!(bench.log.note(&aggregate, "state").await.unwrap(), None);
}

async fn a_note_is_read_back_by_every_log(bench: Bench) {
    let (aggregate, other) = (bench.aggregate("7"), bench.other_log().await);
    // Whoever has asked before sees it none the less.
    assert_eq!(other.note(&aggregate, "state").await.unwrap(), None);
    keep(&bench.log, &aggregate, &[("state", "paid")]).await;
    noted(&bench.log, &aggregate, "state", "paid").await;
    noted(&other, &aggregate, "state", "paid").await;
    let late = bench.other_log().await;
    noted(&late, &aggregate, "state", "paid").await;
}

async fn a_note_takes_the_place_of_what_had_its_name(bench: Bench) {
    let (aggregate, other) = (bench.aggregate("7"), bench.other_log().await);
    for (log, content) in [(&bench.log, "one"), (&bench.log, "two"), (&other, "three"), (&bench.log, "four")]
    {
        keep(log, &aggregate, &[("state", content)]).await;
        noted(&bench.log, &aggregate, "state", content).await;
        noted(&other, &aggregate, "state", content).await;
    }
}

async fn several_notes_of_one_call_are_all_kept(bench: Bench) {
    let aggregate = bench.aggregate("7");
    let notes: Vec<_> = (0..200).map(|n| Note::new(format!("done-{n:032x}"), n.to_string())).collect();
    bench.log.keep_notes(&aggregate, notes.clone()).await.unwrap();
    for Note { name, content } in notes {
        noted(&bench.log, &aggregate, &name, content).await;
    }
}

async fn several_notes_are_read_together(bench: Bench) {
    let aggregate = bench.aggregate("7");
    let names = ["state", "part-2", "none", "a.b", "part-1", "*"];
    assert_eq!(bench.log.notes(&aggregate, &names).await.unwrap(), vec![None; 6]);
    assert_eq!(bench.log.notes(&aggregate, &[]).await.unwrap(), [] as [Option<Bytes>; 0]);
    keep(&bench.log, &aggregate, &[("part-1", "1"), ("part-2", ""), ("other", "2"), ("state", "3")]).await;
    keep(&bench.log, &bench.aggregate("8"), &[("none", "4")]).await;
    let wanted = [Some("3".into()), Some("".into()), None, None, Some("1".into()), None];
    // A server that lags answers with what was noted before.
    let start = Instant::now();
    while bench.log.notes(&aggregate, &names).await.unwrap() != wanted {
        assert!(start.elapsed() < PATIENCE, "{:?}", bench.log.notes(&aggregate, &names).await);
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(bench.log.notes(&aggregate, &["none"]).await.unwrap(), [None]);
}

async fn whoever_finds_a_note_finds_what_it_relies_on(bench: Bench) {
    const LAST: usize = 60;
    let (log, aggregate, reader) = (bench.log.clone(), bench.aggregate("7"), bench.other_log().await);
    let keeping = tokio::spawn({
        let aggregate = aggregate.clone();
        async move {
            for number in 0..=LAST {
                let part = format!("part-{number}");
                keep(&log, &aggregate, &[(&part, ""), ("state", &number.to_string())]).await;
            }
        }
    });
    let (mut seen, start) = (None, Instant::now());
    while seen != Some(LAST) {
        assert!(start.elapsed() < PATIENCE, "{seen:?}");
        // The part that comes next isn't there yet, unless the state that relies on it is being kept.
        let part = format!("part-{}", seen.map_or(0, |seen| seen + 1));
        let notes = reader.notes(&aggregate, &["state", &part]).await.unwrap();
        let state = notes[0].as_ref().map(|state| std::str::from_utf8(state).unwrap().parse().unwrap());
        assert!(state <= seen || notes[1].is_some(), "{state:?} is there, and not {part}");
        seen = state.max(seen);
        // A log may answer at once, on one thread.
        yield_now().await;
    }
    keeping.await.unwrap();
}

async fn of_two_notes_with_one_name_the_later_is_kept(bench: Bench) {
    let aggregate = bench.aggregate("7");
    keep(&bench.log, &aggregate, &[("state", "1"), ("part", "2"), ("state", "3"), ("part", "4")]).await;
    noted(&bench.log, &aggregate, "state", "3").await;
    noted(&bench.log, &aggregate, "part", "4").await;
}

async fn no_notes_at_all_are_kept_at_once(bench: Bench) {
    let aggregate = bench.aggregate("7");
    bench.log.keep_notes(&aggregate, Vec::new()).await.unwrap();
    assert_eq!(bench.log.note(&aggregate, "state").await.unwrap(), None);
}

async fn notes_of_other_aggregates_kinds_and_names_are_others(bench: Bench) {
    let parcel = Aggregate::new(bench.domain.clone(), "parcel", "7").unwrap();
    let (seven, eight) = (bench.aggregate("7"), bench.aggregate("8"));
    let notes =
        [(&seven, "state"), (&seven, "State"), (&seven, "state-2"), (&eight, "state"), (&parcel, "state")];
    for (index, (aggregate, name)) in notes.into_iter().enumerate() {
        assert_eq!(bench.log.note(aggregate, name).await.unwrap(), None, "{aggregate} {name}");
        keep(&bench.log, aggregate, &[(name, &index.to_string())]).await;
    }
    for (index, (aggregate, name)) in notes.into_iter().enumerate() {
        noted(&bench.log, aggregate, name, index.to_string()).await;
    }
    assert_eq!(bench.log.note(&parcel, "state-2").await.unwrap(), None);
}

async fn notes_stand_beside_an_aggregate_with_any_id(bench: Bench) {
    let long = ["x".repeat(1024), "é".repeat(1024 / 6)];
    let longest_name = "n".repeat(Note::NAME_BYTES_MAX);
    let ids: Vec<_> = IDS.into_iter().chain(long.iter().map(String::as_str)).collect();
    for &id in &ids {
        keep(&bench.log, &bench.aggregate(id), &[("state", id), (&longest_name, id)]).await;
    }
    for id in ids {
        noted(&bench.log, &bench.aggregate(id), "state", id.to_owned()).await;
        noted(&bench.log, &bench.aggregate(id), &longest_name, id.to_owned()).await;
    }
}

async fn a_note_without_content_is_one(bench: Bench) {
    let aggregate = bench.aggregate("7");
    keep(&bench.log, &aggregate, &[("done", "")]).await;
    noted(&bench.log, &aggregate, "done", "").await;
    keep(&bench.log, &aggregate, &[("state", "paid")]).await;
    noted(&bench.log, &aggregate, "state", "paid").await;
    keep(&bench.log, &aggregate, &[("state", "")]).await;
    noted(&bench.log, &aggregate, "state", "").await;
}

async fn takes_the_largest_note_and_refuses_the_next_larger(bench: Bench) {
    let aggregate = bench.aggregate("7");
    let note = |name: &str, bytes: usize| Note::new(name, vec![b'x'; bytes]);
    let too_large = bench.log.keep_notes(&aggregate, vec![note("state", 2 * 1024 * 1024)]).await.unwrap_err();
    let NoteError::TooLarge { bytes, max, .. } = too_large else { panic!("{too_large:?}") };
    let largest = 2 * 1024 * 1024 + max - bytes;
    assert!(largest > 1_000_000, "{largest}");

    for notes in [
        vec![note("part", 10), note("state", largest + 1)],
        vec![note("state", largest + 1), note("part", 10)],
    ] {
        let error = bench.log.keep_notes(&aggregate, notes).await.unwrap_err();
        let NoteError::TooLarge { name, bytes, max, .. } = &error else { panic!("{error:?}") };
        assert_eq!((name.as_str(), *bytes), ("state", max + 1));
        assert!(error.to_string().contains(&max.to_string()), "{error}");
    }
    assert_eq!(bench.log.note(&aggregate, "part").await.unwrap(), None);

    let notes = ["part-1", "part-2", "part-3", "state"].map(|name| note(name, largest)).to_vec();
    bench.log.keep_notes(&aggregate, notes.clone()).await.unwrap();
    for Note { name, content } in notes {
        noted(&bench.log, &aggregate, &name, content).await;
    }
}

async fn a_name_that_is_no_token_is_refused(bench: Bench) {
    let aggregate = bench.aggregate("7");
    keep(&bench.log, &aggregate, &[("state", "paid")]).await;
    noted(&bench.log, &aggregate, "state", "paid").await;
    let too_long = "n".repeat(Note::NAME_BYTES_MAX + 1);
    for wrong in ["", "*", ">", "a.b", "a b", "a/b", "é", "state\n", &too_long] {
        let notes = vec![Note::new("part", "1"), Note::new(wrong, "2"), Note::new("state", "3")];
        match bench.log.keep_notes(&aggregate, notes).await {
            Err(NoteError::Name { name, .. }) => assert_eq!(name, wrong),
            other => panic!("{wrong:?}: {other:?}"),
        }
        assert_eq!(bench.log.note(&aggregate, wrong).await.unwrap(), None, "{wrong:?}");
    }
    assert_eq!(bench.log.note(&aggregate, "part").await.unwrap(), None);
    noted(&bench.log, &aggregate, "state", "paid").await;
}

async fn notes_are_no_events(bench: Bench) {
    let aggregate = bench.aggregate("7");
    let mut follow = bench.follow(bench.all(), None).await;
    keep(&bench.log, &aggregate, &[("state", "new")]).await;
    assert_eq!(bench.append(&aggregate, 0, &["placed"]).await.last, 1);
    keep(&bench.log, &aggregate, &[("state", "placed")]).await;
    assert_eq!(bench.append(&aggregate, 1, &["paid"]).await.last, 2);

    assert_eq!(bench.last().await, 2);
    assert_eq!(bench.stored().await, take(&mut follow, 2).await);
    assert_eq!(bench.log.load(&aggregate, 2).await.unwrap().len(), 2);
    let ours = bench.log.streams().await.unwrap();
    assert_eq!(ours.iter().filter(|stream| stream.domain == bench.domain).count(), 1);
    assert!(ours.iter().all(|stream| stream.domain.stream().starts_with("EVT_")));
}

async fn many_notes_at_once_are_all_kept(bench: Bench) {
    let aggregates: Vec<_> = (0..100).map(|number| bench.aggregate(number.to_string())).collect();
    let keeping =
        aggregates.iter().map(|aggregate| keep(&bench.log, aggregate, &[("part", "1"), ("state", "2")]));
    futures::future::join_all(keeping).await;
    for aggregate in &aggregates {
        noted(&bench.log, aggregate, "part", "1").await;
        noted(&bench.log, aggregate, "state", "2").await;
    }
}

async fn keep(log: &Log, aggregate: &Aggregate, notes: &[(&str, &str)]) {
    let notes = notes.iter().map(|&(name, content)| Note::new(name, content.to_owned())).collect();
    log.keep_notes(aggregate, notes).await.unwrap();
}

/// Waits until this is what is noted: a server that lags answers with what was noted before.
async fn noted(log: &Log, aggregate: &Aggregate, name: &str, content: impl Into<Bytes>) {
    let (content, start) = (content.into(), Instant::now());
    loop {
        let found = log.note(aggregate, name).await.unwrap();
        if found.as_ref() == Some(&content) {
            return;
        }
        let bytes = found.as_ref().map(Bytes::len);
        assert!(
            start.elapsed() < PATIENCE,
            "{aggregate}: {name} is noted with other content, {bytes:?} bytes"
        );
        sleep(Duration::from_millis(5)).await;
    }
}
