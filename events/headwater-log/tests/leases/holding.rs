//! One lease, and who has it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use headwater_log::Loss;
use headwater_log::testkit::{Proxy, Server};

use super::bed::{CALM, client, eventually, group, leases, leases_for, soon};

group![
    only_one_of_many_has_a_lease_at_a_time,
    what_is_released_is_free_at_once_and_what_is_dropped_soon,
    a_lease_is_renewed_as_long_as_it_is_there,
    its_holder_stops_believing_before_another_one_takes_it,
    a_lease_is_not_stuck_when_answers_are_lost,
    all_leases_of_a_member_end_when_it_leaves,
    a_holder_whose_record_is_removed_stops_before_another_one_takes_it,
];

async fn only_one_of_many_has_a_lease_at_a_time() {
    let server = Server::start().await.unwrap();
    let (inside, epochs) = (Arc::new(AtomicUsize::new(0)), Arc::new(std::sync::Mutex::new(Vec::new())));
    let mut tasks = Vec::new();
    for number in 0..5 {
        let (inside, epochs) = (inside.clone(), epochs.clone());
        let member = leases_for(&server.url(), CALM).await.join("group", number.to_string()).await.unwrap();
        tasks.push(tokio::spawn(async move {
            for _ in 0..4 {
                let lease = member.acquire("it").await.unwrap();
                assert!(lease.is_held());
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two have it");
                epochs.lock().unwrap().push(lease.epoch());
                assert!(member.try_acquire("it").await.unwrap().is_none(), "it has it twice");
                inside.fetch_sub(1, Ordering::SeqCst);
                lease.release().await.unwrap();
            }
        }));
    }
    for task in tasks {
        soon("all have had it", task).await.unwrap();
    }
    let epochs = epochs.lock().unwrap();
    assert_eq!(epochs.len(), 20);
    assert!(epochs.is_sorted_by(|one, next| one < next), "{epochs:?}");
}

async fn what_is_released_is_free_at_once_and_what_is_dropped_soon() {
    let server = Server::start().await.unwrap();
    let leases = leases_for(&server.url(), CALM).await;
    let (ada, ben) = (leases.join("group", "ada").await.unwrap(), leases.join("group", "ben").await.unwrap());
    let lease = ada.acquire("it").await.unwrap();
    assert!(ben.try_acquire("it").await.unwrap().is_none());
    assert_eq!(ben.owner("it").unwrap().payload, "ada");
    lease.release().await.unwrap();
    let lease = ben.try_acquire("it").await.unwrap().expect("it is free");
    drop(lease);
    soon("what was dropped is free", ada.acquire("it")).await.unwrap();
}

async fn a_lease_is_renewed_as_long_as_it_is_there() {
    let server = Server::start().await.unwrap();
    let leases = leases_for(&server.url(), CALM).await;
    let (ada, ben) = (leases.join("group", "ada").await.unwrap(), leases.join("group", "ben").await.unwrap());
    let lease = ada.acquire("it").await.unwrap();
    let begun = Instant::now();
    while begun.elapsed() < CALM * 2 {
        assert!(ben.try_acquire("it").await.unwrap().is_none());
        assert!(lease.held_until().unwrap() <= Instant::now() + CALM);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(lease.is_held());
}

async fn its_holder_stops_believing_before_another_one_takes_it() {
    let server = Server::start().await.unwrap();
    let proxy = Proxy::start(server.port()).await.unwrap();
    for fault in [Proxy::stall, Proxy::drop_replies, Proxy::refuse] {
        let ada = leases(&proxy.url()).await.join("group", "ada").await.unwrap();
        let ben = leases(&server.url()).await.join("group", "ben").await.unwrap();
        let lease = ada.acquire("it").await.unwrap();
        let epoch = lease.epoch();
        fault(&proxy);
        proxy.cut();
        let lost = async {
            let loss = lease.lost().await;
            (loss, Instant::now())
        };
        let taken = async {
            let lease = ben.acquire("it").await.unwrap();
            (lease, Instant::now())
        };
        let ((loss, lost), (taken, when)) = soon("it is taken", async { tokio::join!(lost, taken) }).await;
        assert_eq!(loss, Loss::Expired);
        assert!(lost < when, "it was taken {:?} too early", lost - when);
        assert!(taken.epoch() > epoch);
        assert!(!lease.is_held());
        assert_eq!(lease.held_until(), None);
        proxy.resume();
        proxy.restore();
        proxy.accept();
        taken.release().await.unwrap();
        // It doesn't come back.
        assert!(ada.try_acquire("it").await.unwrap_err().is_lost());
        assert!(!lease.is_held());
    }
}

async fn a_lease_is_not_stuck_when_answers_are_lost() {
    let server = Server::start().await.unwrap();
    let proxy = Proxy::start(server.port()).await.unwrap();
    let long = Duration::from_secs(8);
    let (behind, direct) = (leases_for(&proxy.url(), long).await, leases_for(&server.url(), long).await);
    let (ada, ben) = (behind.join("group", "ada").await.unwrap(), direct.join("group", "ben").await.unwrap());
    let mut last = 0;
    for _ in 0..6 {
        proxy.lose_acknowledgement();
        let lease = soon("it is taken", ada.acquire("it")).await.unwrap();
        proxy.lose_acknowledgement();
        soon("it is released", lease.release()).await.unwrap();
        let lease = soon("the other one takes it", ben.acquire("it")).await.unwrap();
        assert!(lease.epoch() > last);
        last = lease.epoch();
        lease.release().await.unwrap();
    }
}

async fn all_leases_of_a_member_end_when_it_leaves() {
    let server = Server::start().await.unwrap();
    let leases = leases_for(&server.url(), CALM).await;
    let (ada, ben) = (leases.join("group", "ada").await.unwrap(), leases.join("group", "ben").await.unwrap());
    let (one, two) = (ada.acquire("one").await.unwrap(), ada.acquire("two").await.unwrap());
    drop(two);
    ada.leave().await;
    assert!(!one.is_held());
    assert_eq!(one.lost().await, Loss::Left);
    for name in ["one", "two"] {
        assert!(ben.try_acquire(name).await.unwrap().is_some(), "{name} isn't free");
    }
}

async fn a_holder_whose_record_is_removed_stops_before_another_one_takes_it() {
    let server = Server::start().await.unwrap();
    let leases = leases_for(&server.url(), CALM).await;
    let (ada, ben) = (leases.join("group", "ada").await.unwrap(), leases.join("group", "ben").await.unwrap());
    let jetstream = async_nats::jetstream::new(client(&server.url()).await.0);
    let lease = ada.acquire("it").await.unwrap();
    // Only who has seen the record can see that it is removed.
    eventually("the holder sees its own record", || async { ada.owner("it").is_some() }).await;
    assert!(lease.is_held());
    let stream = jetstream.get_stream("KV_LEASES").await.unwrap();
    stream.purge().filter("$KV.LEASES.group.lease.it").await.unwrap();
    let lost = async {
        let loss = lease.lost().await;
        (loss, Instant::now())
    };
    let taken = async {
        let lease = ben.acquire("it").await.unwrap();
        (lease, Instant::now())
    };
    let ((loss, lost), (taken, when)) = soon("it is taken", async { tokio::join!(lost, taken) }).await;
    assert_eq!(loss, Loss::BucketGone);
    assert!(lost < when, "it was taken {:?} too early", lost - when);
    assert!(taken.epoch() > lease.epoch());
}
