use headwater_event::{Aggregate, Envelope};

use super::bench::{Bench, append, conflict, sequences, take};
use super::case::group;

group![an_aggregate_s_id_may_be_any_text, an_id_that_no_event_can_carry_is_refused];

pub(super) const IDS: [&str; 21] = [
    "plain",
    "with space",
    " leading and trailing ",
    "with.dots.",
    "..",
    "*",
    ">",
    "a.*.b",
    "100%",
    "%20",
    "%2A",
    "\"quoted\"",
    "'single'",
    "back\\slash",
    "a/b?c=d&e#f",
    "$JS.API",
    "Zürich",
    "東京",
    "✈️ emoji 👩‍🚀",
    "e\u{301} is not \u{e9}",
    "UPPER",
];

async fn an_aggregate_s_id_may_be_any_text(bench: Bench) {
    let long = ["x".repeat(1024), "é".repeat(1024 / 6)];
    let ids: Vec<_> = IDS.into_iter().chain(long.iter().map(String::as_str)).collect();
    let aggregates: Vec<_> = ids.iter().map(|&id| bench.aggregate(id)).collect();
    for (aggregate, sequence) in aggregates.iter().zip(1..) {
        assert_eq!(bench.append(aggregate, 0, &["placed"]).await.last, sequence, "{aggregate}");
    }
    let count = aggregates.len() as u64;
    for (aggregate, first) in aggregates.iter().zip(1..) {
        assert_eq!(conflict(bench.log.append(append(aggregate, 0, &["paid"])).await), first, "{aggregate}");
        let second = bench.append(aggregate, first, &["paid", "shipped"]).await.last;
        assert_eq!(second, count + 2 * first, "{aggregate}");
        let loaded = bench.log.load(aggregate, second).await.unwrap();
        assert_eq!(sequences(&loaded), [first, second - 1, second], "{aggregate}");
        assert!(loaded.iter().all(|event| event.envelope.subject() == Some(aggregate.id())), "{aggregate}");
    }
    let placed = take(&mut bench.follow(bench.filter(&["placed"]), None).await, ids.len()).await;
    let subjects: Vec<_> = placed.iter().filter_map(|event| event.envelope.subject()).collect();
    assert_eq!(subjects, ids);
}

async fn an_id_that_no_event_can_carry_is_refused(bench: Bench) {
    for id in ["line\nbreak", "carriage\rreturn", "nul\0", "tab\t"] {
        let event_type = format!("org.example.{}.order.placed.v1", bench.domain);
        let error = Envelope::builder("1", "/till", event_type).subject(id).build().unwrap_err();
        assert!(error.to_string().contains("must not hold the character"), "{error}");
    }
    let too_long = Aggregate::new(bench.domain.clone(), "order", "é".repeat(171)).unwrap_err();
    assert!(too_long.to_string().contains("at most 1024"), "{too_long}");
}
