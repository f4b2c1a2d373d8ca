//! The testkit itself: what it promises to the tests that stand on it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

use std::time::Duration;

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
