//! The testkit itself: what it promises to the tests that stand on it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

use std::time::{Duration, Instant};

use async_nats::jetstream::{self, stream};
use async_nats::{Client, ConnectOptions};
use headwater_log::testkit::{Cluster, Proxy, Server};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

async fn connect(url: impl async_nats::ToServerAddrs) -> Client {
    ConnectOptions::new().connection_timeout(PATIENCE).connect(url).await.unwrap()
}

/// Waits until the client has noticed what the fault did to it: what it sends before is lost with the connection.
async fn comes_back_after(client: &Client, fault: impl FnOnce()) {
    let connects = || client.statistics().connects.load(std::sync::atomic::Ordering::Relaxed);
    let connects_before = connects();
    fault();
    timeout(PATIENCE, async {
        while connects() == connects_before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
}

async fn create_stream(client: &Client, replicas: usize) -> jetstream::Context {
    let jetstream = jetstream::new(client.clone());
    let config = stream::Config {
        name: "EVT_test".into(),
        subjects: vec!["evt.test.>".into()],
        num_replicas: replicas,
        ..Default::default()
    };
    jetstream.create_stream(config).await.unwrap();
    jetstream
}

async fn publish(jetstream: &jetstream::Context, data: &'static str) -> Result<u64, String> {
    let acknowledgement =
        jetstream.publish("evt.test.a", data.into()).await.map_err(|error| error.to_string())?;
    acknowledgement.await.map(|stored| stored.sequence).map_err(|error| error.to_string())
}

/// Publishes to a stream that was made just now: a server that doesn't hold it learns of its subjects a moment later.
async fn publish_to_new(jetstream: &jetstream::Context, data: &'static str) -> u64 {
    let answered = async {
        loop {
            match publish(jetstream, data).await {
                Err(error) if error.contains("no stream found") => tokio::task::yield_now().await,
                answer => return answer.unwrap(),
            }
        }
    };
    timeout(PATIENCE, answered).await.unwrap()
}

async fn stored_messages(url: impl async_nats::ToServerAddrs) -> u64 {
    let jetstream = jetstream::new(connect(url).await);
    jetstream.get_stream("EVT_test").await.unwrap().cached_info().state.messages
}

#[tokio::test]
async fn a_server_is_ready_when_start_returns() {
    let server = Server::start().await.unwrap();
    let jetstream = create_stream(&connect(server.url()).await, 1).await;
    assert_eq!(publish(&jetstream, "one").await, Ok(1));
    assert!(server.store_dir().is_dir());
}

#[tokio::test]
async fn a_killed_server_comes_back_on_the_same_port_with_its_streams() {
    let mut server = Server::builder().sync_always().start().await.unwrap();
    let (port, pid) = (server.port(), server.pid());
    let jetstream = create_stream(&connect(server.url()).await, 1).await;
    publish(&jetstream, "one").await.unwrap();

    server.kill().await.unwrap();
    assert_eq!(server.pid(), None);
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err());

    server.restart().await.unwrap();
    assert_eq!(server.port(), port);
    assert_ne!(server.pid(), pid);
    assert_eq!(stored_messages(server.url()).await, 1);
}

#[tokio::test]
async fn a_stopped_server_shuts_down_cleanly() {
    let mut server = Server::start().await.unwrap();
    server.stop().await.unwrap();
    assert_eq!(server.pid(), None);
    assert!(server.log_tail().contains("Server Exiting"), "{}", server.log_tail());
    assert!(server.stop().await.unwrap_err().to_string().contains("restart it first"));
}

#[tokio::test]
async fn a_paused_server_answers_nothing_until_it_is_resumed() {
    let mut server = Server::start().await.unwrap();
    let jetstream = create_stream(&connect(server.url()).await, 1).await;
    assert_eq!(publish(&jetstream, "one").await, Ok(1));

    server.pause().await.unwrap();
    assert!(server.pid().is_some());
    let held = tokio::spawn(async move { publish(&jetstream, "two").await });
    // The connection is taken by the operating system, and nobody speaks on it.
    let silent = ConnectOptions::new().connection_timeout(Duration::from_millis(200)).connect(server.url());
    assert!(silent.await.is_err());
    assert!(!held.is_finished());

    server.resume().unwrap();
    assert_eq!(timeout(PATIENCE, held).await.unwrap().unwrap(), Ok(2));
    server.resume().unwrap();
}

#[tokio::test]
async fn a_paused_server_can_be_stopped_killed_and_dropped() {
    let mut server = Server::start().await.unwrap();
    server.pause().await.unwrap();
    server.stop().await.unwrap();
    assert!(server.log_tail().contains("Server Exiting"), "{}", server.log_tail());
    assert!(server.pause().await.unwrap_err().to_string().contains("restart it first"));
    assert!(server.resume().unwrap_err().to_string().contains("restart it first"));

    server.restart().await.unwrap();
    server.pause().await.unwrap();
    server.kill().await.unwrap();
    server.restart().await.unwrap();
    server.pause().await.unwrap();
    let (port, dir) = (server.port(), server.store_dir().parent().unwrap().to_owned());
    drop(server);
    assert!(!dir.exists());
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn a_dropped_server_leaves_neither_process_nor_files() {
    let server = Server::start().await.unwrap();
    let (port, dir) = (server.port(), server.store_dir().parent().unwrap().to_owned());
    drop(server);
    assert!(!dir.exists());
    assert!(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err());
}

#[tokio::test]
async fn a_refused_configuration_fails_with_the_server_s_own_words() {
    let error = Server::builder().config("no_such_setting: 1").start().await.unwrap_err();
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[tokio::test]
async fn a_builder_s_settings_reach_the_server() {
    let server = Server::builder()
        .max_payload(2048)
        .config("authorization { token: secret }")
        .config("max_subscriptions: 7")
        .start()
        .await
        .unwrap();
    let client = ConnectOptions::with_token("secret".into()).connect(server.url()).await.unwrap();
    assert_eq!(client.server_info().max_payload, 2048);
    assert!(async_nats::connect(server.url()).await.is_err());
}

#[tokio::test]
async fn servers_in_parallel_have_their_own_ports_and_stores() {
    let starts = (0..6).map(|_| tokio::spawn(Server::start()));
    let mut seen = std::collections::HashSet::new();
    for start in futures::future::join_all(starts).await {
        let server = start.unwrap().unwrap();
        assert!(seen.insert(server.port()));
        create_stream(&connect(server.url()).await, 1).await;
    }
}

#[tokio::test]
async fn a_cluster_replaces_a_killed_leader_and_takes_it_back() {
    let mut cluster = Cluster::start().await.unwrap();
    let client = connect(cluster.urls()).await;
    let jetstream = create_stream(&client, 3).await;
    assert_eq!(publish_to_new(&jetstream, "one").await, 1);

    let old = cluster.leader_of("EVT_test").await.unwrap();
    cluster.kill(old).await.unwrap();
    let new = cluster.leader_of("EVT_test").await.unwrap();
    assert_ne!(new, old);
    assert_eq!(stored_messages(&cluster.urls()[new]).await, 1);

    cluster.restart(old).await.unwrap();
    assert_eq!(cluster.urls().len(), 3);
    assert_eq!(stored_messages(&cluster.urls()[old]).await, 1);
}

#[tokio::test]
async fn a_cluster_replaces_a_paused_leader_and_takes_it_back() {
    let mut cluster = Cluster::start().await.unwrap();
    let jetstream = create_stream(&connect(cluster.urls()).await, 3).await;
    assert_eq!(publish_to_new(&jetstream, "one").await, 1);

    let old = cluster.leader_of("EVT_test").await.unwrap();
    cluster.pause(old).await.unwrap();
    let new = cluster.leader_of("EVT_test").await.unwrap();
    assert_ne!(new, old);
    let others = jetstream::new(connect(&cluster.urls()[new]).await);
    assert_eq!(publish_to_new(&others, "two").await, 2);

    cluster.resume(old).unwrap();
    cluster.agreed().await.unwrap();
    assert_eq!(stored_messages(&cluster.urls()[old]).await, 2);
}

#[tokio::test]
async fn a_cluster_advertises_no_way_around_a_proxy() {
    let cluster = Cluster::start().await.unwrap();
    let proxy = Proxy::start(cluster.servers()[0].port()).await.unwrap();
    let client = connect(proxy.url()).await;
    assert_eq!(client.server_info().connect_urls, Vec::<String>::new());
}

#[tokio::test]
async fn a_cut_closes_the_connection_and_lets_the_client_return() {
    let server = Server::start().await.unwrap();
    let proxy = Proxy::start(server.port()).await.unwrap();
    let client = connect(proxy.url()).await;
    let jetstream = create_stream(&client, 1).await;
    publish(&jetstream, "one").await.unwrap();

    comes_back_after(&client, || proxy.cut()).await;
    assert_eq!(publish(&jetstream, "two").await, Ok(2));
}

#[tokio::test]
async fn a_refusing_proxy_takes_no_client_until_it_accepts() {
    let server = Server::start().await.unwrap();
    let proxy = Proxy::start(server.port()).await.unwrap();
    proxy.refuse();
    assert!(async_nats::connect(proxy.url()).await.is_err());
    proxy.accept();
    connect(proxy.url()).await;
}

#[tokio::test]
async fn dropped_replies_lose_the_acknowledgement_and_not_the_message() {
    let server = Server::start().await.unwrap();
    let proxy = Proxy::start(server.port()).await.unwrap();
    let client = connect(proxy.url()).await;
    let mut jetstream = create_stream(&client, 1).await;
    jetstream.set_timeout(Duration::from_millis(500));

    proxy.drop_replies();
    assert!(publish(&jetstream, "one").await.is_err());
    assert_eq!(stored_messages(server.url()).await, 1);

    comes_back_after(&client, || proxy.restore()).await;
    jetstream.set_timeout(PATIENCE);
    assert_eq!(publish(&jetstream, "two").await, Ok(2));
}

#[tokio::test]
async fn a_cut_after_a_pattern_loses_exactly_the_message_with_the_pattern() {
    let server = Server::start().await.unwrap();
    let proxy = Proxy::start(server.port()).await.unwrap();
    let mut jetstream = create_stream(&connect(proxy.url()).await, 1).await;
    jetstream.set_timeout(Duration::from_millis(500));

    proxy.cut_after(b"lost");
    publish(&jetstream, "first").await.unwrap();
    assert!(publish(&jetstream, "the lost one").await.is_err());
    assert_eq!(stored_messages(server.url()).await, 1);

    // Once: the client may send the same bytes again.
    jetstream.set_timeout(PATIENCE);
    assert_eq!(publish(&jetstream, "the lost one").await, Ok(2));
}

#[tokio::test]
async fn a_delay_holds_requests_and_replies_back_and_keeps_their_order() {
    let server = Server::start().await.unwrap();
    let proxy = Proxy::start(server.port()).await.unwrap();
    let jetstream = create_stream(&connect(proxy.url()).await, 1).await;
    let (requests, replies) = (Duration::from_millis(60), Duration::from_millis(40));
    for (requests, replies) in [(requests, Duration::ZERO), (Duration::ZERO, replies), (requests, replies)] {
        proxy.delay(requests, replies);
        let begin = Instant::now();
        publish(&jetstream, "slow").await.unwrap();
        // The delay is a lower bound, so this is no guess at how fast the machine is.
        assert!(begin.elapsed() >= requests + replies, "{:?}", begin.elapsed());

        // What is sent later, and not held back, does not overtake.
        let first = jetstream.publish("evt.test.a", "slow".into()).await.unwrap();
        proxy.delay(Duration::ZERO, Duration::ZERO);
        let second = jetstream.publish("evt.test.a", "quick".into()).await.unwrap();
        assert_eq!(first.await.unwrap().sequence + 1, second.await.unwrap().sequence);
    }
}

#[tokio::test]
async fn a_stalled_proxy_keeps_the_connection_and_what_was_sent_until_it_resumes() {
    let server = Server::start().await.unwrap();
    let proxy = Proxy::start(server.port()).await.unwrap();
    let client = connect(proxy.url()).await;
    let jetstream = create_stream(&client, 1).await;
    publish(&jetstream, "one").await.unwrap();
    let connects = client.statistics().connects.load(std::sync::atomic::Ordering::Relaxed);

    proxy.stall();
    let held = {
        let jetstream = jetstream.clone();
        tokio::spawn(async move { publish(&jetstream, "two").await })
    };
    let silent = ConnectOptions::new().connection_timeout(Duration::from_millis(200)).connect(proxy.url());
    assert!(silent.await.is_err());
    assert_eq!(stored_messages(server.url()).await, 1);
    assert!(!held.is_finished());

    proxy.resume();
    assert_eq!(timeout(PATIENCE, held).await.unwrap().unwrap(), Ok(2));
    assert_eq!(client.statistics().connects.load(std::sync::atomic::Ordering::Relaxed), connects);
}

#[tokio::test]
async fn a_connection_that_stalls_can_be_cut() {
    let server = Server::start().await.unwrap();
    let proxy = Proxy::start(server.port()).await.unwrap();
    let client = connect(proxy.url()).await;
    let mut jetstream = create_stream(&client, 1).await;
    jetstream.set_timeout(Duration::from_millis(300));
    proxy.stall();
    assert!(publish(&jetstream, "lost").await.is_err());
    comes_back_after(&client, || {
        proxy.cut();
        proxy.resume();
    })
    .await;
    jetstream.set_timeout(PATIENCE);
    assert_eq!(publish(&jetstream, "one").await, Ok(1));
}

#[tokio::test]
async fn a_lost_acknowledgement_is_that_of_a_message_that_is_stored() {
    let server = Server::start().await.unwrap();
    let proxy = Proxy::start(server.port()).await.unwrap();
    let client = connect(proxy.url()).await;
    let mut jetstream = create_stream(&client, 1).await;
    publish(&jetstream, "one").await.unwrap();

    jetstream.set_timeout(Duration::from_millis(500));
    proxy.lose_acknowledgement();
    // Other answers pass.
    jetstream.get_stream("EVT_test").await.unwrap();
    let connects = || client.statistics().connects.load(std::sync::atomic::Ordering::Relaxed);
    let connects_before = connects();
    assert!(publish(&jetstream, "two").await.is_err());
    assert_eq!(stored_messages(server.url()).await, 2);

    // Once, and the client comes back by itself.
    timeout(PATIENCE, async {
        while connects() == connects_before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
    jetstream.set_timeout(PATIENCE);
    assert_eq!(publish(&jetstream, "three").await, Ok(3));
}
