//! The official SDK for JavaScript sends events, and they are stored as they were sent.

use std::path::Path;
use std::sync::Arc;

use flight_events::FlightDeparted;
use headwater_edge::{Limits, serve};
use headwater_event::{Envelope, Event as _};
use headwater_log::service::Connection;
use headwater_log::testkit::Server;
use headwater_log::{JetStreamConfig, JetStreamLog};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::bed::{Bed, FLIGHT};
use super::limited::succeed;
use super::node::Node;

/// Runs the script against the edge, and returns what it prints.
fn emit(url: &str) -> Value {
    let node = Node::find();
    let packages = node.install(
        "cloudevents-sdk",
        include_str!("sdk/package.json"),
        include_str!("sdk/package-lock.json"),
    );
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/edge/sdk/emit.mjs");
    let said = succeed(node.command().arg(script).arg(url).current_dir(packages));
    serde_json::from_str(&said.unwrap_or_else(|reason| panic!("{reason}"))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_javascript_sdk_emits_is_stored_as_it_was_sent() {
    let server = Server::start().await.unwrap();
    let client = Connection::to(&server.url()).unwrap().connect("edge-tests").await.unwrap();
    let log = Arc::new(JetStreamLog::new(client, JetStreamConfig::default()));
    let bed = Bed::over(log, Limits::default(), None).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (router, stop) = (bed.router(), CancellationToken::new());
    let stopped = stop.clone();
    let serving = tokio::spawn(async move { serve(listener, router, &Limits::default(), stopped).await });
    let emitted = spawn_blocking(move || emit(&url)).await.unwrap();
    stop.cancel();
    serving.await.unwrap();

    let answer = |name: &str| -> Value {
        serde_json::from_str(emitted["answers"][name]["body"].as_str().unwrap()).unwrap()
    };
    let receipt = |name: &str| {
        let receipt = answer(name);
        (receipt["sequence"].as_u64(), receipt["repeated"].as_bool())
    };
    assert_eq!(receipt("binary"), (Some(1), Some(false)));
    assert_eq!(receipt("structured"), (Some(2), Some(false)));
    assert_eq!(receipt("batch"), (Some(4), Some(false)));
    assert_eq!(receipt("again"), (Some(1), Some(true)));
    assert_eq!(emitted["answers"]["batch"]["headers"]["etag"], "\"4\"");
    assert_eq!((&answer("conflict")["status"], &answer("conflict")["actual"]), (&json!(412), &json!(4)));
    let violation = answer("violation");
    assert_eq!(emitted["answers"]["violation"]["headers"]["content-type"], "application/problem+json");
    assert_eq!(
        (&violation["status"], &violation["errors"][0]["pointer"]),
        (&json!(422), &json!("/data/delay_minutes"))
    );

    let (sent, stored) = (emitted["sent"].as_array().unwrap(), bed.events_of(FLIGHT).await);
    assert_eq!((sent.len(), stored.len()), (4, 4));
    for (sent, stored) in sent.iter().zip(&stored) {
        assert_same(&Envelope::from_json(&sent.to_string().into()).unwrap(), stored);
        assert_eq!(FlightDeparted::decode(2, stored.data()).unwrap().delay_minutes, 2);
    }
}

/// Equal but for what the edge adds, and for numbers, which are texts in headers.
fn assert_same(sent: &Envelope, stored: &Envelope) {
    let attributes = |event: &Envelope| {
        let texts =
            [event.id(), event.source(), event.type_name(), event.subject().unwrap()].map(str::to_owned);
        (texts, event.time(), event.data_content_type().map(str::to_owned))
    };
    assert_eq!(attributes(sent), attributes(stored));
    let data = |event: &Envelope| serde_json::from_slice::<Value>(event.data()).unwrap();
    assert_eq!(data(sent), data(stored));
    let extension = |name: &str| stored.extension(name).map(ToString::to_string);
    assert_eq!(extension("priority").as_deref(), Some("3"));
    assert_eq!(extension("correlationid").as_deref(), Some(sent.id()));
}
