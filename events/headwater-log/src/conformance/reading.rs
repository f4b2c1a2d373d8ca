use super::bench::{Bench, append, sequences};
use super::case::group;
use crate::{AppendError, ReadError};

group![
    reads_page_by_page,
    reads_more_than_one_answer_holds,
    reads_nothing_where_there_is_nothing,
    reads_what_was_just_acknowledged_to_another,
    a_domain_without_a_stream_is_named,
];

async fn reads_page_by_page(bench: Bench) {
    bench.fill(50, &["placed"]).await;
    let mut next = 1;
    while next <= 50 {
        let page = bench.log.read(&bench.domain, next, 7).await.unwrap();
        assert_eq!(sequences(&page), (next..(next + 7).min(51)).collect::<Vec<_>>());
        next += 7;
    }
}

async fn reads_more_than_one_answer_holds(bench: Bench) {
    bench.fill(2500, &["placed"]).await;
    assert_eq!(sequences(&bench.stored().await), (1..=2500).collect::<Vec<_>>());
    let page = bench.log.read(&bench.domain, 2, 2001).await.unwrap();
    assert_eq!(sequences(&page), (2..=2002).collect::<Vec<_>>());
}

async fn reads_nothing_where_there_is_nothing(bench: Bench) {
    let read = |from, max| bench.log.read(&bench.domain, from, max);
    assert_eq!(read(1, 10).await.unwrap(), []);
    bench.fill(3, &["placed"]).await;
    assert_eq!(read(4, 10).await.unwrap(), []);
    assert_eq!(read(u64::MAX, usize::MAX).await.unwrap(), []);
    assert_eq!(read(1, 0).await.unwrap(), []);
    assert_eq!(sequences(&read(0, 10).await.unwrap()), [1, 2, 3]);
}

async fn reads_what_was_just_acknowledged_to_another(bench: Bench) {
    let (aggregate, other) = (bench.aggregate("7"), bench.other_log().await);
    for version in 0..100 {
        let last = bench.append(&aggregate, version, &["paid"]).await.last;
        assert_eq!(sequences(&other.read(&bench.domain, last, 10).await.unwrap()), [last]);
        assert_eq!(other.info(&bench.domain).await.unwrap().last, last);
    }
}

async fn a_domain_without_a_stream_is_named(bench: Bench) {
    let missing = "nowhere".parse().unwrap();
    let aggregate = headwater_event::Aggregate::new(missing, "order", "7").unwrap();
    let missing = aggregate.domain();
    let errors = [
        bench.log.info(missing).await.map(|_| ()),
        bench.log.read(missing, 1, 1).await.map(|_| ()),
        bench.log.load(&aggregate, 0).await.map(|_| ()),
        bench.log.follow(headwater_event::EventFilter::all(missing.clone()), None).await.map(|_| ()),
    ];
    for error in errors {
        assert!(matches!(&error, Err(ReadError::NoStream { domain }) if domain == missing), "{error:?}");
    }
    for names in [&["placed"][..], &["placed", "paid"]] {
        let error = bench.log.append(append(&aggregate, 0, names)).await;
        assert!(matches!(&error, Err(AppendError::NoStream { .. })), "{error:?}");
    }
}
