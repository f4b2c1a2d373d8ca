use headwater_event::Fingerprint;

use super::bench::{Bench, sequences, take};
use super::case::group;
use crate::{Checkpoint, ReadError};

group![
    goes_on_after_the_checkpoint,
    goes_on_after_a_checkpoint_at_the_end,
    a_checkpoint_of_a_filtered_reader_holds_for_every_filter,
    a_checkpoint_can_be_written_down,
    a_checkpoint_of_a_lost_stream_is_refused,
    a_checkpoint_beyond_the_end_is_refused,
    a_checkpoint_with_another_event_is_refused,
];

async fn goes_on_after_the_checkpoint(bench: Bench) {
    bench.fill(30, &["placed"]).await;
    let mut follow = bench.follow(bench.all(), None).await;
    let events = take(&mut follow, 30).await;
    assert_eq!(follow.created(), bench.log.info(&bench.domain).await.unwrap().created);
    for event in events.iter().step_by(7) {
        let mut resumed = bench.follow(bench.all(), Some(follow.checkpoint(event))).await;
        let after = usize::try_from(event.sequence).unwrap();
        assert_eq!(take(&mut resumed, 30 - after).await, events[after..]);
    }
}

async fn goes_on_after_a_checkpoint_at_the_end(bench: Bench) {
    let checkpoint = checkpoint_at(&bench, 5).await;
    let mut resumed = bench.follow(bench.all(), Some(checkpoint)).await;
    bench.append(&bench.aggregate("7"), 0, &["paid"]).await;
    assert_eq!(sequences(&take(&mut resumed, 1).await), [6]);
}

async fn a_checkpoint_of_a_filtered_reader_holds_for_every_filter(bench: Bench) {
    bench.fill(20, &["placed", "paid"]).await;
    let mut paid = bench.follow(bench.filter(&["paid"]), None).await;
    let events = take(&mut paid, 4).await;
    let checkpoint = paid.checkpoint(&events[3]);
    assert_eq!(checkpoint.sequence, 8);

    let resumed = |filter| bench.follow(filter, Some(checkpoint));
    assert_eq!(sequences(&take(&mut resumed(bench.filter(&["paid"])).await, 3).await), [10, 12, 14]);
    assert_eq!(sequences(&take(&mut resumed(bench.filter(&["placed"])).await, 3).await), [9, 11, 13]);
    assert_eq!(sequences(&take(&mut resumed(bench.all()).await, 3).await), [9, 10, 11]);
}

async fn a_checkpoint_can_be_written_down(bench: Bench) {
    let checkpoint = checkpoint_at(&bench, 3).await;
    let text = serde_json::to_string(&checkpoint).unwrap();
    let read: Checkpoint = serde_json::from_slice(text.as_bytes()).unwrap();
    assert_eq!(read, checkpoint);
    assert_eq!(serde_json::from_reader::<_, Checkpoint>(text.as_bytes()).unwrap(), checkpoint);
    bench.follow(bench.all(), Some(read)).await;
}

async fn a_checkpoint_of_a_lost_stream_is_refused(bench: Bench) {
    let checkpoint = checkpoint_at(&bench, 3).await;
    let recreated = bench.recreated().await;
    assert!(refusal(&recreated, checkpoint).await.contains("created at"));
    // As many events again make no difference.
    recreated.fill(5, &["placed"]).await;
    assert!(refusal(&recreated, checkpoint).await.contains("created at"));
}

async fn a_checkpoint_beyond_the_end_is_refused(bench: Bench) {
    let checkpoint = checkpoint_at(&bench, 3).await;
    let beyond = Checkpoint { sequence: 4, ..checkpoint };
    assert_eq!(refusal(&bench, beyond).await, "it doesn't reach that far");
}

async fn a_checkpoint_with_another_event_is_refused(bench: Bench) {
    let checkpoint = checkpoint_at(&bench, 3).await;
    let other = Checkpoint { event: Fingerprint::new("/elsewhere", "1"), ..checkpoint };
    assert!(refusal(&bench, other).await.starts_with("it holds another event there"));
    let earlier = Checkpoint { sequence: 2, ..checkpoint };
    assert!(refusal(&bench, earlier).await.starts_with("it holds another event there"));
}

/// Fills the stream with `count` events, and reads them.
async fn checkpoint_at(bench: &Bench, count: usize) -> Checkpoint {
    bench.fill(count, &["placed"]).await;
    let mut follow = bench.follow(bench.all(), None).await;
    let events = take(&mut follow, count).await;
    follow.checkpoint(&events[count - 1])
}

/// What speaks against the checkpoint.
async fn refusal(bench: &Bench, checkpoint: Checkpoint) -> String {
    match bench.log.follow(bench.all(), Some(checkpoint)).await {
        Err(ReadError::Recreated { domain, sequence, evidence }) => {
            assert_eq!((domain, sequence), (bench.domain.clone(), checkpoint.sequence));
            evidence
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
}
