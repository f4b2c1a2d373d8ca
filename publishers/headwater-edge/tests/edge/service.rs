//! The service as an operator sees it: a process with options, signals, an exit code and lines on standard error.

use std::fs;
use std::path::Path;

use headwater_contract::Contract;
use headwater_log::service::{Announcement, Connection, ContractCheck, Contracts};
use headwater_log::testkit::Server;
use tempfile::TempDir;

use super::bed::{FLIGHT, GATE_AGENT, departed};
use super::client::{Client, head, parse, post};
use super::process::Process;

/// A port of this machine on which nobody listens.
const NOBODY: &str = "nats://127.0.0.1:1";

#[tokio::test(flavor = "multi_thread")]
async fn takes_events_until_it_is_asked_to_stop_and_answers_what_is_under_way() {
    let server = Server::start().await.unwrap();
    let mut edge = Process::new(&server.url()).start().await;
    assert_eq!(post(&edge.address, &departed("1", FLIGHT)).await.0, 201);
    assert_eq!(post(&edge.address, &departed("1", FLIGHT)).await.0, 200);
    let body = departed("2", FLIGHT).to_string();
    let mut client = Client::connect(&edge.address).await;
    client.send(&(head(body.len()) + &body[..10])).await;
    assert_eq!(post(&edge.address, &departed("3", FLIGHT)).await.0, 201);
    edge.terminate().await;
    edge.says("finishing what is in progress").await;
    client.send(&body[10..]).await;
    assert_eq!(parse(&client.rest().await).0, 201);
    assert_eq!(edge.ends().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_publishes_through_it_is_running_while_it_runs() {
    let server = Server::start().await.unwrap();
    let contracts = contracts(&server).await;
    let edge = Process::new(&server.url()).start().await;
    let running = contracts.running().await.unwrap();
    let [gate_agent] = running.services.as_slice() else { panic!("{running:?}") };
    let announced = &gate_agent.announcement;
    let published: Vec<_> = announced.publishes.iter().map(ToString::to_string).collect();
    assert_eq!(published, ["flights.flight.departed@2", "flights.flight.cancelled@1"]);
    assert!(announced.service == "gate-agent" && announced.version.starts_with("via headwater-edge "));
    assert!(
        announced.schemas.len() == 2 && announced.schemas.iter().all(|schema| schema.serialize.is_some())
    );
    edge.terminate().await;
    assert_eq!(edge.ends().await, 0);
    assert_eq!(contracts.running().await.unwrap().services, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_would_publish_what_a_running_subscriber_cannot_read_is_not_let_in() {
    let server = Server::start().await.unwrap();
    let contracts = contracts(&server).await;
    let reader =
        "[service]\nname = \"tower\"\nowner = \"x\"\n\n[subscribes]\n\"flights.flight.departed\" = 1\n";
    let reader = Contract::parse(Path::new("contract.toml"), reader).unwrap();
    let reader = Announcement::of(&reader, "1.0.0", "tower-1", []);
    let reading = contracts.announce(reader, ContractCheck::Refuse).await.unwrap();
    let (code, said) = Process::new(&server.url()).ends().await;
    assert!(code == 6 && said.contains("HW0102") && said.contains("tower"), "{code}: {said}");
    let edge = Process::new(&server.url()).args(&["--contract-check", "warn"]).start().await;
    assert_eq!(post(&edge.address, &departed("1", FLIGHT)).await.0, 201);
    reading.close().await;
}

async fn contracts(server: &Server) -> Contracts {
    let connection = Connection::to(&server.url()).unwrap();
    let (client, denials) = connection.connect_watched("edge-tests").await.unwrap();
    Contracts::new(client, denials)
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_what_it_is_given_are_said_before_anything_is_connected() {
    let unregistered = GATE_AGENT.replace("departed\" = 2", "departed\" = 3");
    let outside = GATE_AGENT.replace("flights.flight.cancelled", "weather.station.observed");
    for (contract, told) in [
        (GATE_AGENT.replace("owner", "owned"), "HW0502"),
        (unregistered, "gate-agent publishes flights.flight.departed@3, which the registry has no schema of"),
        (outside, "gate-agent publishes weather.station.observed@1, which isn't of its domain flights"),
        (
            "[service]\nname = \"reader\"\nowner = \"x\"\n".to_owned(),
            "the contract of reader publishes nothing",
        ),
    ] {
        let (code, said) = Process::new(NOBODY).contract(&contract).ends().await;
        assert!(code == 2 && said.contains(told), "{code}: {said}");
    }
    let (code, said) = Process::new(NOBODY).args(&["--tokens", "/nowhere"]).ends().await;
    assert!(code == 2 && said.contains("/nowhere can't be read"), "{code}: {said}");
}

#[test]
fn a_registry_with_a_schema_that_was_edited_is_refused() {
    let registry = TempDir::new().unwrap();
    let event = registry.path().join("flights/flight/departed");
    fs::create_dir_all(&event).unwrap();
    fs::write(
        registry.path().join("registry.toml"),
        "compatibility = \"FULL\"\nnamespace = \"dev.headwater\"\n",
    )
    .unwrap();
    fs::write(event.join("v2.ser.json"), "{}\n").unwrap();
    let error = headwater_edge::load_registry(registry.path()).unwrap_err().to_string();
    assert!(error.contains("HW0003"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_it_ends_and_says_so() {
    let (code, said) = Process::new(NOBODY).ends().await;
    assert!(code == 5 && said.contains("127.0.0.1:1"), "{code}: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn warns_when_others_could_publish_as_anybody() {
    let warned = async |listen: &str| {
        let text = Process::listening_on(NOBODY, listen).ends().await.1;
        text.contains("may publish as any service")
    };
    assert!(warned("0.0.0.0:0").await);
    assert!(!warned("127.0.0.1:0").await);
}
