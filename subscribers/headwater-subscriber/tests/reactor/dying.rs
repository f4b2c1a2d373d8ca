use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::bed::{Bed, eventually, options};
use crate::receipts::Fault;

#[tokio::test(flavor = "multi_thread")]
async fn another_instance_takes_over_within_seconds_when_the_active_one_dies() {
    let bed = Bed::new().await;
    let other_directory = TempDir::new().unwrap();
    bed.pay("1", 1).await;
    let first = bed.start().await;
    first.until("the first one works", |health| health.active && health.handled == 1).await;
    let second = bed.start_with(options(), other_directory.path()).await;
    bed.pay("1", 2).await;
    first.until("the first one works on", |health| health.handled == 2).await;
    assert!(!second.health().active);

    let died = Instant::now();
    first.crash().await;
    bed.pay("1", 3).await;
    second.until("the second one works", |health| health.handled == 1).await;
    println!("taken over {:?} after a death, with a term of 2 s", died.elapsed());

    let third = bed.start().await;
    let stopped = Instant::now();
    second.stop().await;
    bed.pay("1", 4).await;
    third.until("the third one works", |health| health.handled == 1).await;
    println!("taken over {:?} after an orderly end", stopped.elapsed());
    assert_eq!(bed.mail.of("1"), [1, 2, 3, 4]);
    third.stop().await;
}

/// A later event of the key must not overtake one that the dead instance had in hand.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_instance_had_in_hand_comes_before_what_is_new() {
    let bed = Bed::new().await;
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    *bed.mail.gate.lock().unwrap() = Some(gate.clone());
    for number in 1..=5 {
        bed.pay("1", number).await;
    }
    let first = bed.start().await;
    first.until("all are in hand", |health| health.in_hand == 5).await;
    first.crash().await;
    bed.pay("1", 6).await;
    gate.add_permits(100);
    let second = bed.start_with(options(), TempDir::new().unwrap().path()).await;
    second.until("all are done", |health| health.handled == 6).await;
    assert_eq!(bed.mail.of("1"), [1, 2, 3, 4, 5, 6]);
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn effects_go_on_when_the_server_is_killed_under_them() {
    let mut bed = Bed::new().await;
    bed.mail.fault("bad", Some(Fault::Fails));
    let reactor = bed.start().await;
    for round in 0..3 {
        for order in 0..40 {
            bed.pay(&format!("order {order}"), round).await;
        }
        bed.pay("bad", round).await;
        bed.server.kill().await.unwrap();
        tokio::time::sleep(Duration::from_millis(300 * round)).await;
        bed.server.restart().await.unwrap();
    }
    let all = || async {
        (0..40).all(|order| {
            let mut sent = bed.mail.of(&format!("order {order}"));
            sent.dedup();
            sent == [0, 1, 2]
        })
    };
    eventually("all are done, in order", all).await;
    reactor.until("the other key is parked", |health| health.letters == 3).await;
    eventually("the server knows", || async { bed.acknowledged().await == 123 }).await;
    // No effect was repeated: this machine knows what it has done.
    assert_eq!(bed.mail.count(), 120);
    let mut keys = HashMap::new();
    for (order, number, key) in bed.mail.sent.lock().unwrap().iter() {
        assert_eq!(keys.entry((order.clone(), *number)).or_insert_with(|| key.clone()), key);
    }
    assert!(bed.mail.attempts.load(Ordering::SeqCst) >= 123);
    reactor.stop().await;
}
