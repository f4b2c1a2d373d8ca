//! What clients of a projection's HTTP API can do to the projection, which shares the database with them.

use std::sync::Arc;
use std::time::Duration;

use headwater_subscriber::http::{Queries, QueryLimits, ReadyWithin};
use headwater_subscriber::{Projector, ProjectorOptions, Stores, View};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::bed::{Bed, PATIENCE, cases};
use crate::common::client::{Listener, get};
use crate::common::running::Running;
use crate::common::shop::{paid, publish, publish_all};
use crate::projections::Place;
use crate::tally::Tally;

cases![
    whoever_waits_for_a_snapshot_holds_up_neither_commits_nor_listeners,
    whoever_takes_a_snapshot_and_reads_nothing_leaves_room_to_the_others,
];

/// A projection in the database, and who asks it.
struct Asked {
    running: Running<Tally>,
    view: View,
    address: String,
    stop: CancellationToken,
}

/// How many snapshots clients may have.
const SNAPSHOTS_MAX: usize = 4;

impl Asked {
    async fn start(place: &Place) -> Self {
        let config = place.config().snapshots_max(SNAPSHOTS_MAX).patience(Duration::from_secs(5));
        let stores = Stores::from(config);
        let options = ProjectorOptions { store: stores.clone(), ..ProjectorOptions::default() };
        let projector = Projector::<Tally>::open_with(&place.data(), options).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let stop = CancellationToken::new();
        let limits = QueryLimits::default();
        let queries = Queries::new(&projector, &stores, ReadyWithin::default(), limits, stop.clone());
        tokio::spawn(queries.serve(listener, axum::Router::new()));
        let running = Running::begin(projector, &place.log);
        Self { view: running.view.clone(), running, address, stop }
    }

    /// A client that asks for all rows and the changes after them.
    async fn ask(&self) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        let request = "GET /v1/changes?snapshot=true HTTP/1.1\r\nhost: test\r\n\r\n";
        stream.write_all(request.as_bytes()).await.unwrap();
        BufReader::new(stream)
    }

    async fn ends(self) {
        self.stop.cancel();
        self.running.stop().await;
    }
}

async fn line(client: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    timeout(PATIENCE, client.read_line(&mut line)).await.expect("nothing is told").unwrap();
    line
}

fn whoever_waits_for_a_snapshot_holds_up_neither_commits_nor_listeners(bed: &Bed) {
    let place = Place::new(bed);
    bed.block_on(async {
        let mut asked = Asked::start(&place).await;
        let first = publish(&place.log, paid("first", "ada", 1)).await;
        asked.running.reaches(first).await;
        let all = (0..SNAPSHOTS_MAX).map(|_| asked.view.snapshot().unwrap());
        let all: Vec<View> = all.collect();
        let mut waiting = asked.ask().await;
        let mut listener = Listener::start(&asked.address, "table=orders").await;
        listener.told("begin").await;
        let second = publish(&place.log, paid("second", "ada", 1)).await;
        asked.running.reaches(second).await;
        assert_eq!(listener.told("row").await.data["key"], "second");
        drop(all);
        // The snapshot is of now, and what it has isn't told again.
        let third = publish(&place.log, paid("third", "ada", 1)).await;
        asked.running.reaches(third).await;
        let mut told = Vec::new();
        while told.len() < 7 {
            let line = line(&mut waiting).await;
            let of_orders = line.strip_prefix("data: ").filter(|data| data.contains(r#""table":"orders""#));
            if let Some(data) = of_orders {
                let row: serde_json::Value = serde_json::from_str(data).unwrap();
                told.push(row["key"].as_str().unwrap().to_owned());
            }
            if line.starts_with("event: commit") {
                told.push("commit".to_owned());
            }
            if told.iter().any(|told| told == "third") && told.last().is_some_and(|told| told == "commit") {
                break;
            }
        }
        let orders: Vec<_> = told.iter().filter(|told| *told != "commit").collect();
        assert_eq!(orders, ["first", "second", "third"], "{told:?}");
        asked.ends().await;
    });
}

fn whoever_takes_a_snapshot_and_reads_nothing_leaves_room_to_the_others(bed: &Bed) {
    let place = Place::new(bed);
    bed.block_on(async {
        let mut asked = Asked::start(&place).await;
        // More than the system and the connection keep for a client that reads nothing.
        let customer: Arc<str> = "c".repeat(50_000).into();
        let last = publish_all(&place.log, (0..400).map(|order| paid(order, &customer, 1))).await;
        asked.running.reaches(last).await;
        let mut first = asked.ask().await;
        assert!(line(&mut first).await.starts_with("HTTP/1.1 200"));
        // There is room for one of them.
        let mut others = Vec::new();
        for _ in 0..SNAPSHOTS_MAX {
            let mut other = asked.ask().await;
            assert!(line(&mut other).await.starts_with("HTTP/1.1 503"));
            others.push(other);
        }
        let mut listener = Listener::start(&asked.address, "table=orders").await;
        listener.told("begin").await;
        let last = publish(&place.log, paid("last", "ada", 1)).await;
        asked.running.reaches(last).await;
        let counts = (0..8).map(|_| get(&asked.address, "/v1/tables/orders/count"));
        for count in futures::future::join_all(counts).await {
            assert_eq!(count.json()["count"], 401);
        }
        assert_eq!(listener.told("row").await.data["key"], "last");
        // The place is free when it has left.
        drop(first);
        let taken = async { while !line(&mut asked.ask().await).await.starts_with("HTTP/1.1 200") {} };
        timeout(PATIENCE, taken).await.expect("there is no room");
        asked.ends().await;
    });
}
