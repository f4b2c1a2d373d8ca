//! Members that die, stand still, or lose the broker; and what is promised all the same.

use std::time::Duration;

use headwater_log::testkit::{Cluster, Proxy, Server};

use super::bed::{client, group};
use super::ledger::Ledger;
use super::process::Process;

group![
    a_killed_member_s_partitions_are_taken_over,
    a_member_that_stood_still_notices_before_it_writes,
    a_member_that_is_cut_off_stops_and_comes_back,
    a_member_whose_network_is_silent_stops_and_comes_back,
    all_go_on_when_the_server_was_killed_and_comes_back,
    epochs_rise_when_the_bucket_was_removed,
    a_cluster_that_loses_the_bucket_s_leader_goes_on,
    whatever_happens_nobody_writes_after_a_later_owner,
];

const COUNT: u32 = 9;

async fn a_killed_member_s_partitions_are_taken_over() {
    let (server, ledger) = (Server::start().await.unwrap(), Ledger::open().await);
    let start = |name| Process::start_for(name, &server.url(), &ledger, COUNT, Duration::from_secs(3));
    let (_ada, ben, _eve) = (start("ada"), start("ben"), start("eve"));
    ledger.shared_by(COUNT, &["ada", "ben", "eve"]).await;
    drop(ben);
    let took = ledger.shared_by(COUNT, &["ada", "eve"]).await;
    println!("killed: taken over after {took:?}, with leases of 3 s");
    assert!(took < Duration::from_secs(30), "{took:?}");
    ledger.audit("killed");
}

async fn a_member_that_stood_still_notices_before_it_writes() {
    let (server, ledger) = (Server::start().await.unwrap(), Ledger::open().await);
    let start = |name| Process::start(name, &server.url(), &ledger, COUNT);
    let (_ada, ben) = (start("ada"), start("ben"));
    ledger.shared_by(COUNT, &["ada", "ben"]).await;
    ben.stop().await;
    let took = ledger.shared_by(COUNT, &["ada"]).await;
    ben.go_on();
    let back = ledger.shared_by(COUNT, &["ada", "ben"]).await;
    println!("stopped: taken over after {took:?}, shared again {back:?} after it went on");
    let audit = ledger.audit("stopped");
    // It has stopped between the question and the write, at the worst, on each of its two threads: there the epoch protects.
    assert!(audit.rejected <= 2, "it wrote {} times after others", audit.rejected);
    assert!(audit.losses > 0, "nobody was told");
}

async fn a_member_that_is_cut_off_stops_and_comes_back() {
    let (server, ledger) = (Server::start().await.unwrap(), Ledger::open().await);
    let proxy = Proxy::start(server.port()).await.unwrap();
    let _ada = Process::start("ada", &server.url(), &ledger, COUNT);
    let _ben = Process::start("ben", &proxy.url(), &ledger, COUNT);
    ledger.shared_by(COUNT, &["ada", "ben"]).await;
    proxy.refuse();
    proxy.cut();
    let took = ledger.shared_by(COUNT, &["ada"]).await;
    proxy.accept();
    let back = ledger.shared_by(COUNT, &["ada", "ben"]).await;
    println!("cut off: taken over after {took:?}, shared again {back:?} after");
    // Short cuts change nothing.
    for _ in 0..3 {
        proxy.cut();
        ledger.shared_by(COUNT, &["ada", "ben"]).await;
    }
    let audit = ledger.audit("cut off");
    assert!(audit.losses > 0, "nobody was told");
}

async fn a_member_whose_network_is_silent_stops_and_comes_back() {
    let (server, ledger) = (Server::start().await.unwrap(), Ledger::open().await);
    let proxy = Proxy::start(server.port()).await.unwrap();
    let _ada = Process::start("ada", &server.url(), &ledger, COUNT);
    let _ben = Process::start("ben", &proxy.url(), &ledger, COUNT);
    ledger.shared_by(COUNT, &["ada", "ben"]).await;
    proxy.stall();
    ledger.shared_by(COUNT, &["ada"]).await;
    proxy.resume();
    ledger.shared_by(COUNT, &["ada", "ben"]).await;
    proxy.drop_replies();
    ledger.shared_by(COUNT, &["ada"]).await;
    proxy.restore();
    ledger.shared_by(COUNT, &["ada", "ben"]).await;
    ledger.audit("silent");
}

async fn all_go_on_when_the_server_was_killed_and_comes_back() {
    let (mut server, ledger) = (Server::start().await.unwrap(), Ledger::open().await);
    let start = |name| Process::start(name, &server.url(), &ledger, COUNT);
    let _members = (start("ada"), start("ben"), start("eve"));
    let all = ["ada", "ben", "eve"];
    ledger.shared_by(COUNT, &all).await;
    server.kill().await.unwrap();
    server.restart().await.unwrap();
    ledger.shared_by(COUNT, &all).await;
    server.kill().await.unwrap();
    // Longer than leases live.
    tokio::time::sleep(Duration::from_secs(3)).await;
    server.restart().await.unwrap();
    let took = ledger.shared_by(COUNT, &all).await;
    println!("server away for longer than leases live: shared again {took:?} after its restart");
    let audit = ledger.audit("server killed");
    assert!(audit.losses > 0, "nobody was told");
}

async fn epochs_rise_when_the_bucket_was_removed() {
    let (server, ledger) = (Server::start().await.unwrap(), Ledger::open().await);
    let start = |name| Process::start(name, &server.url(), &ledger, COUNT);
    let _members = (start("ada"), start("ben"));
    ledger.shared_by(COUNT, &["ada", "ben"]).await;
    let jetstream = async_nats::jetstream::new(client(&server.url()).await.0);
    for _ in 0..2 {
        jetstream.delete_stream("KV_LEASES").await.unwrap();
        // The ledger takes no epoch that is lower than one before it.
        ledger.shared_by(COUNT, &["ada", "ben"]).await;
        while jetstream.get_stream("KV_LEASES").await.is_err() {}
        // One that only now began to believe again would be another case.
        ledger.shared_by(COUNT, &["ada", "ben"]).await;
    }
    // Of single records, too.
    let stream = jetstream.get_stream("KV_LEASES").await.unwrap();
    stream.purge().filter("$KV.LEASES.shared.>").await.unwrap();
    let before = ledger.taken();
    super::bed::eventually("all is taken again", || async { ledger.taken() >= before + COUNT as usize })
        .await;
    ledger.shared_by(COUNT, &["ada", "ben"]).await;
    ledger.audit("bucket removed");
}

async fn a_cluster_that_loses_the_bucket_s_leader_goes_on() {
    let (mut cluster, ledger) = (Cluster::start().await.unwrap(), Ledger::open().await);
    let start = |name| Process::start(name, &cluster.url(), &ledger, COUNT);
    // The bucket is made with three replicas by whoever is first.
    let (first, denials) = client(&cluster.url()).await;
    let config = headwater_log::LeaseConfig { replicas: 3, time: super::bed::TIME };
    headwater_log::Leases::new(first, denials, config).join("other", "").await.unwrap().leave().await;
    let _members = (start("ada"), start("ben"), start("eve"));
    let all = ["ada", "ben", "eve"];
    ledger.shared_by(COUNT, &all).await;
    let leader = cluster.leader_of("KV_LEASES").await.unwrap();
    cluster.kill(leader).await.unwrap();
    // Longer than leases live.
    tokio::time::sleep(super::bed::TIME).await;
    let took = ledger.shared_by(COUNT, &all).await;
    cluster.restart(leader).await.unwrap();
    let leader = cluster.leader_of("KV_LEASES").await.unwrap();
    cluster.pause(leader).await.unwrap();
    tokio::time::sleep(super::bed::TIME).await;
    let paused = ledger.shared_by(COUNT, &all).await;
    cluster.resume(leader).unwrap();
    ledger.shared_by(COUNT, &all).await;
    println!("leader killed: shared again {took:?} after leases would have ended; leader paused: {paused:?}");
    ledger.audit("cluster");
}

async fn whatever_happens_nobody_writes_after_a_later_owner() {
    let (mut server, ledger) = (Server::start().await.unwrap(), Ledger::open().await);
    let proxy = Proxy::start(server.port()).await.unwrap();
    let url = server.url();
    let short = Duration::from_millis(600);
    let start = |name: &str, url: &str| Process::start_for(name, url, &ledger, 16, short);
    let ada = start("ada", &url);
    for round in 0..4 {
        let (ben, eve) = (start("ben", &proxy.url()), start("eve", &url));
        let dan = start("dan", &url);
        ledger.shared_by(16, &["ada", "ben", "eve", "dan"]).await;
        ada.stop().await;
        drop(dan);
        proxy.stall();
        ledger.shared_by(16, &["eve"]).await;
        ada.go_on();
        proxy.resume();
        proxy.cut();
        if round % 2 == 0 {
            server.kill().await.unwrap();
            server.restart().await.unwrap();
        }
        ledger.shared_by(16, &["ada", "ben", "eve"]).await;
        eve.leave().await;
        drop(ben);
    }
    ledger.shared_by(16, &["ada"]).await;
    let audit = ledger.audit("everything");
    assert!(audit.accepted > 1000);
}
