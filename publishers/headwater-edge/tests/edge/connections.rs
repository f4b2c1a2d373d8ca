//! Connections of clients that are slow, or stay.

use std::time::Duration;

use headwater_edge::{Limits, serve};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::bed::{Bed, FLIGHT, departed};
use super::client::{Client, PATIENCE, head, parse, post};

/// An edge that listens.
struct Listening {
    bed: Bed,
    address: String,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Listening {
    async fn start(limits: Limits) -> Self {
        let bed = Bed::with(limits.clone(), None).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (router, stop) = (bed.router(), CancellationToken::new());
        let stopped = stop.clone();
        let serving = tokio::spawn(async move { serve(listener, router, &limits, stopped).await });
        Self { bed, address, stop, serving }
    }

    async fn ends(self) {
        timeout(PATIENCE, self.serving).await.expect("it doesn't end").unwrap();
    }
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_end() {
    let edge = Listening::start(Limits { request: PATIENCE, ..Limits::default() }).await;
    post(&edge.address, &departed("1", FLIGHT)).await;
    let body = departed("2", FLIGHT).to_string();
    let mut client = Client::connect(&edge.address).await;
    client.send(&head(body.len())).await;
    client.send(&body[..10]).await;
    // Another connection, so that this one's request has arrived.
    post(&edge.address, &departed("3", FLIGHT)).await;
    edge.stop.cancel();
    client.send(&body[10..]).await;
    let (status, receipt) = parse(&client.rest().await);
    assert_eq!((status, &receipt["repeated"]), (201, &false.into()), "{receipt}");
    assert_eq!(edge.bed.count().await, 3);
    edge.ends().await;
}

#[tokio::test]
async fn a_connection_that_only_stays_open_holds_nothing_up() {
    let edge = Listening::start(Limits { headers: PATIENCE, ..Limits::default() }).await;
    let mut client = Client::connect(&edge.address).await;
    post(&edge.address, &departed("1", FLIGHT)).await;
    edge.stop.cancel();
    assert_eq!(client.rest().await, "");
    edge.ends().await;
}

#[tokio::test]
async fn headers_that_never_end_are_given_up() {
    let edge = Listening::start(Limits { headers: Duration::from_millis(100), ..Limits::default() }).await;
    let mut client = Client::connect(&edge.address).await;
    client.send("POST /events HTTP/1.1\r\nhost: ed").await;
    client.rest().await;
    post(&edge.address, &departed("1", FLIGHT)).await;
}

#[tokio::test]
async fn a_client_that_reads_none_of_its_answers_makes_room_for_the_next_one() {
    let answer = Duration::from_millis(200);
    let edge = Listening::start(Limits { answer, connections_max: 1, ..Limits::default() }).await;
    let mut client = Client::connect(&edge.address).await;
    // More answers than the system keeps for a client, so that some of them are the edge's to keep.
    let request = format!("GET /{} HTTP/1.1\r\nhost: edge\r\n\r\n", "x".repeat(4000));
    let asking = client.ask_until_cut_off(&request);
    timeout(PATIENCE, asking).await.expect("the connection doesn't end");
    assert_eq!(post(&edge.address, &departed("1", FLIGHT)).await.0, 201);
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_the_next_one_is_served() {
    let edge = Listening::start(Limits::default()).await;
    let mut client = Client::connect(&edge.address).await;
    client.send("\u{0}\u{1}nonsense\r\n\r\n").await;
    assert!(client.rest().await.starts_with("HTTP/1.1 400"));
    assert_eq!(post(&edge.address, &departed("1", FLIGHT)).await.0, 201);
}
