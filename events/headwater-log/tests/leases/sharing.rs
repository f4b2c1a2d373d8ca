//! Members that come and go as they should.

use std::time::Duration;

use headwater_log::testkit::Server;
use headwater_log::{Change, LeaseError};

use super::bed::{CALM, eventually, group, leases_for, soon};
use super::ledger::Ledger;
use super::process::Process;

group![
    members_that_join_and_leave_share_evenly_and_move_no_more_than_they_must,
    everybody_can_see_who_has_a_partition,
    a_partition_is_not_taken_before_it_was_given,
    who_divides_the_group_otherwise_is_refused,
    a_member_that_is_dropped_leaves,
];

async fn members_that_join_and_leave_share_evenly_and_move_no_more_than_they_must() {
    let (server, ledger) = (Server::start().await.unwrap(), Ledger::open().await);
    // Long, so that a busy machine loses none by accident.
    let start = |name| Process::start_for(name, &server.url(), &ledger, 12, Duration::from_secs(10));
    let ada = start("ada");
    let first = ledger.shared_by(12, &["ada"]).await;
    let ben = start("ben");
    let second = ledger.shared_by(12, &["ada", "ben"]).await;
    let eve = start("eve");
    let third = ledger.shared_by(12, &["ada", "ben", "eve"]).await;
    assert_eq!(ledger.taken(), 12 + 6 + 4);
    ben.leave().await;
    let fourth = ledger.shared_by(12, &["ada", "eve"]).await;
    println!(
        "shared after {first:?} by one, {second:?} by two, {third:?} by three, {fourth:?} without the second"
    );
    drop((ada, eve));
    let audit = ledger.audit("join and leave");
    assert_eq!((audit.taken, audit.rejected, audit.losses), (12 + 6 + 4 + 4, 0, 0));
    // What is given back is free at once, and not after the lease's time.
    assert!(fourth < Duration::from_secs(9), "{fourth:?}");
}

async fn everybody_can_see_who_has_a_partition() {
    let server = Server::start().await.unwrap();
    let leases = leases_for(&server.url(), CALM).await;
    let mut ada = leases.share("group", 2, "http://ada:80").await.unwrap();
    let mut taken = Vec::new();
    while taken.len() < 2 {
        let Change::Take { partition, lease } =
            soon("a partition is taken", ada.next()).await.unwrap().unwrap()
        else {
            panic!("something else")
        };
        assert_eq!(lease.name(), partition.to_string());
        taken.push(lease);
    }
    let ben = leases.share("group", 2, "http://ben:80").await.unwrap();
    eventually("it is seen by the other one", || async { ben.owner(0).is_some() && ben.owner(1).is_some() })
        .await;
    let Some(Ok(Change::Give { partition })) = soon("one must be given", ada.next()).await else { panic!() };
    let kept = 1 - partition;
    let owner = ben.owner(kept).unwrap();
    assert_eq!(owner.payload, "http://ada:80");
    let lease = taken.iter().find(|lease| lease.name() == kept.to_string()).unwrap();
    assert_eq!((owner.epoch, &*owner.member), (lease.epoch(), lease.member()));
    assert_eq!(leases.owners("group").await.unwrap()[&kept.to_string()], owner);
    assert_eq!(ben.owner(2), None);
}

async fn a_partition_is_not_taken_before_it_was_given() {
    let server = Server::start().await.unwrap();
    let leases = leases_for(&server.url(), CALM).await;
    let mut ada = leases.share("group", 1, "ada").await.unwrap();
    let Some(Ok(Change::Take { lease, .. })) = soon("it is taken", ada.next()).await else { panic!() };
    // One of two gets nothing, and with one partition nothing moves.
    let mut ben = leases.share("group", 1, "ben").await.unwrap();
    eventually("they see each other", || async { ben.owner(0).is_some() }).await;
    let before = lease.epoch();
    ada.leave().await;
    // Its leases are ended, as it said it would stop.
    assert!(!lease.is_held());
    let Some(Ok(Change::Take { lease, .. })) = soon("the other one takes it", ben.next()).await else {
        panic!()
    };
    assert!(lease.epoch() > before);
}

async fn who_divides_the_group_otherwise_is_refused() {
    let server = Server::start().await.unwrap();
    let leases = leases_for(&server.url(), CALM).await;
    let mut ada = leases.share("group", 4, "ada").await.unwrap();
    let Some(Ok(Change::Take { lease, .. })) = soon("it is taken", ada.next()).await else { panic!() };
    let mut ben = leases.share("group", 5, "ben").await.unwrap();
    let refused = soon("the later one is refused", ben.next()).await;
    assert!(
        matches!(refused, Some(Err(LeaseError::OtherPartitions { ours: 5, theirs: 4, .. }))),
        "{refused:?}"
    );
    assert!(lease.is_held());
}

async fn a_member_that_is_dropped_leaves() {
    let server = Server::start().await.unwrap();
    let leases = leases_for(&server.url(), Duration::from_secs(30)).await;
    let ada = leases.join("group", "ada").await.unwrap();
    // The name is new, and that is waited for; but not for the holder's silence.
    let lease = soon("it is taken", ada.acquire("it")).await.unwrap();
    drop(lease);
    let lease = soon("it is taken again", ada.acquire("it")).await.unwrap();
    drop((lease, ada));
    let ben = leases.join("group", "ben").await.unwrap();
    let begun = std::time::Instant::now();
    soon("the next one takes it", ben.acquire("it")).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(28), "{:?}", begun.elapsed());
}
