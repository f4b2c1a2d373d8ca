use headwater_event::{Aggregate, Envelope};

use super::bench::{Bench, envelopes, event, event_with, take};
use super::case::group;
use crate::{Append, AppendError};

group![
    takes_an_event_of_64_kib,
    takes_the_largest_event_and_refuses_the_next_larger,
    takes_the_largest_event_in_a_batch,
    refuses_attributes_that_no_header_holds,
];

async fn takes_an_event_of_64_kib(bench: Bench) {
    let aggregate = bench.aggregate("7");
    let large = event_with(&aggregate, "scanned", vec![b'x'; 64 * 1024]);
    bench.log.append(append(&aggregate, 0, vec![large.clone()])).await.unwrap();
    let events = take(&mut bench.follow(bench.all(), None).await, 1).await;
    assert!(events[0].envelope == large);
}

async fn takes_the_largest_event_and_refuses_the_next_larger(bench: Bench) {
    let aggregate = bench.aggregate("7");
    let largest = largest_data(&bench, &aggregate).await;
    assert!(largest > 1_000_000, "{largest}");

    let too_large = event_with(&aggregate, "scanned", vec![b'x'; largest + 1]);
    let error = bench.log.append(append(&aggregate, 0, vec![too_large])).await.unwrap_err();
    let AppendError::TooLarge { bytes, max, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*bytes, max + 1);
    assert!(error.to_string().contains(&max.to_string()), "{error}");
    assert_eq!(bench.last().await, 0);

    let just_right = event_with(&aggregate, "scanned", vec![b'x'; largest]);
    bench.log.append(append(&aggregate, 0, vec![just_right.clone()])).await.unwrap();
    assert!(bench.stored().await[0].envelope == just_right);
}

/// A batch has headers of its own, for which there must be room.
async fn takes_the_largest_event_in_a_batch(bench: Bench) {
    let aggregate = bench.aggregate("7");
    let largest = largest_data(&bench, &aggregate).await;
    let batch = [b'x', b'y', b'z'].map(|byte| event_with(&aggregate, "scanned", vec![byte; largest]));
    assert_eq!(bench.log.append(append(&aggregate, 0, batch.to_vec())).await.unwrap().last, 3);
    assert!(envelopes(&bench.log.load(&aggregate, 3).await.unwrap()) == batch);
}

async fn refuses_attributes_that_no_header_holds(bench: Bench) {
    let aggregate = bench.aggregate("7");
    let with_note = |bytes: usize| {
        let event = event(&aggregate, "placed");
        let event = Envelope::builder(event.id(), event.source(), event.type_name())
            .subject(aggregate.id())
            .extension("note", "x".repeat(bytes));
        append(&aggregate, 0, vec![event.build().unwrap()])
    };
    let error = bench.log.append(with_note(65_536)).await.unwrap_err();
    let AppendError::Invalid { problem, .. } = &error else { panic!("{error:?}") };
    assert!(problem.contains("at most 65535 fit"), "{problem}");
    assert_eq!(bench.log.append(with_note(64_000)).await.unwrap().last, 1);
}

fn append(aggregate: &Aggregate, expected: u64, events: Vec<Envelope>) -> Append {
    Append { aggregate: aggregate.clone(), expected, events }
}

/// How many bytes of data an event of the aggregate may have, by what the log says of one with too many.
async fn largest_data(bench: &Bench, aggregate: &Aggregate) -> usize {
    let data = 2 * 1024 * 1024;
    let too_large = event_with(aggregate, "scanned", vec![b'x'; data]);
    match bench.log.append(append(aggregate, 0, vec![too_large])).await {
        Err(AppendError::TooLarge { bytes, max, .. }) => data + max - bytes,
        other => panic!("expected it to be too large, got {other:?}"),
    }
}
