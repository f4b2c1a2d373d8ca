use std::time::{Duration, Instant};

use headwater_log::service::ContractCheck;
use headwater_log::testkit::{Cluster, Proxy, Server};

use super::bed::{client, contracts, eventually_running, keys, publisher, reader, start};

#[tokio::test]
async fn goes_on_announcing_when_the_server_was_killed_and_comes_back() {
    let mut server = Server::start().await.unwrap();
    let contracts = contracts(&server.url()).await;
    let _announced = start(&server.url(), publisher("p1", "integer")).await.unwrap();
    server.kill().await.unwrap();
    // Longer than an announcement lives.
    tokio::time::sleep(Duration::from_secs(3)).await;
    server.restart().await.unwrap();
    eventually_running(&contracts, &["flight-ops.p1"]).await;
    assert!(start(&server.url(), reader("r1", "string")).await.is_err());
}

#[tokio::test]
async fn waits_for_a_server_that_dies_while_a_service_announces_itself() {
    let mut server = Server::start().await.unwrap();
    let dying = contracts(&server.url()).await;
    server.kill().await.unwrap();
    let announcing = dying.announce(publisher("p1", "integer"), ContractCheck::Refuse);
    let restarting = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.restart().await.unwrap();
    };
    let (announced, ()) = tokio::join!(announcing, restarting);
    let _announced = announced.unwrap();
    assert!(start(&server.url(), reader("r1", "string")).await.is_err());
}

#[tokio::test]
async fn gives_up_when_a_server_that_died_does_not_come_back() {
    // At each of the steps: the bucket is looked at, the contract is announced, the others are read.
    for step in ["STREAM.INFO", "$KV.HEADWATER_CONTRACTS.", "STREAM.MSG.GET"] {
        let server = Server::start().await.unwrap();
        let proxy = Proxy::start(server.port()).await.unwrap();
        let dying = contracts(&proxy.url()).await.within(Duration::from_secs(1));
        proxy.cut_after(step.as_bytes());
        proxy.refuse();
        let begun = Instant::now();
        let error = dying.announce(publisher("p1", "integer"), ContractCheck::Refuse).await.unwrap_err();
        assert!(error.is_unavailable(), "{step}: {error:?}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{step}: it took {:?}", begun.elapsed());
        // What was announced before the server died is forgotten.
        eventually_running(&contracts(&server.url()).await, &[]).await;
    }
}

#[tokio::test]
async fn ends_soon_when_the_server_is_gone() {
    let mut server = Server::start().await.unwrap();
    let announced = start(&server.url(), publisher("p1", "integer")).await.unwrap();
    server.kill().await.unwrap();
    let begun = Instant::now();
    announced.close().await;
    assert!(begun.elapsed() < Duration::from_secs(4), "it took {:?}", begun.elapsed());
}

#[tokio::test]
async fn makes_the_bucket_again_when_somebody_has_removed_it() {
    let server = Server::start().await.unwrap();
    let contracts = contracts(&server.url()).await;
    let _announced = start(&server.url(), publisher("p1", "integer")).await.unwrap();
    let jetstream = async_nats::jetstream::new(client(&server.url()).await);
    jetstream.delete_stream("KV_HEADWATER_CONTRACTS").await.unwrap();
    eventually_running(&contracts, &["flight-ops.p1"]).await;
    // The new bucket counts anew, and still the running service was there first.
    for _ in 0..3 {
        assert!(start(&server.url(), reader("r1", "string")).await.is_err());
        assert_eq!(keys(&contracts.running().await.unwrap()), ["flight-ops.p1"]);
    }
}

#[tokio::test]
async fn a_cluster_keeps_the_bucket_when_it_loses_its_leader() {
    let mut cluster = Cluster::start().await.unwrap();
    // Nobody can refresh during an election, and what is announced must outlive it on a busy machine too.
    let contracts = contracts(&cluster.url()).await.vanishing_after(Duration::from_secs(30));
    let announcing = contracts.announce(publisher("p1", "integer"), ContractCheck::Refuse);
    let _announced = announcing.await.unwrap();
    let leader = cluster.leader_of("KV_HEADWATER_CONTRACTS").await.unwrap();
    cluster.kill(leader).await.unwrap();
    // While the others elect a new one.
    assert!(start(&cluster.url(), reader("r1", "string")).await.is_err());
    let _fits = start(&cluster.url(), reader("r2", "integer")).await.unwrap();
    eventually_running(&contracts, &["delay-stats.r2", "flight-ops.p1"]).await;
}
