use std::path::Path;
use std::time::Duration;

use async_nats::Client;
use headwater_contract::Contract;
use headwater_log::service::{AnnounceError, Announced, Connection, ContractCheck, Contracts, Running};
pub(crate) use headwater_log::testkit::PATIENCE;
use headwater_schema::deploy::{AnnouncedSchema, Announcement};
use serde_json::{Value, json};
use tokio::time::timeout;

/// Some connection.
pub(crate) async fn client(url: &str) -> Client {
    Connection::to(url).unwrap().connect("headwater-test").await.unwrap()
}

/// The contracts, over a connection of their own; what is announced vanishes after two seconds.
pub(crate) async fn contracts(url: &str) -> Contracts {
    let (client, denials) = Connection::to(url).unwrap().connect_watched("headwater-test").await.unwrap();
    Contracts::new(client, denials).vanishing_after(Duration::from_secs(2))
}

/// Announces a service, which starts if it fits.
pub(crate) async fn start(url: &str, announcement: Announcement) -> Result<Announced, AnnounceError> {
    contracts(url).await.announce(announcement, ContractCheck::Refuse).await
}

/// A publisher of departures, with a delay of this type.
pub(crate) fn publisher(instance: &str, delay: &str) -> Announcement {
    let contract = r#"
[service]
name = "flight-ops"
owner = "operations"
domain = "flights"

[publishes]
"flights.flight.departed" = 1
"#;
    announcement("publishers/flight-ops/contract.toml", contract, instance, schema(delay))
}

/// A reader of departures that takes a delay of this type.
pub(crate) fn reader(instance: &str, delay: &str) -> Announcement {
    let contract = r#"
[service]
name = "delay-stats"
owner = "punctuality"

[subscribes]
"flights.flight.departed" = 1
"#;
    announcement("subscribers/delay-stats/contract.toml", contract, instance, schema(delay))
}

fn announcement(path: &str, contract: &str, instance: &str, schema: Value) -> Announcement {
    let contract = Contract::parse(Path::new(path), contract.trim_start()).unwrap();
    let schema = AnnouncedSchema {
        event: "flights.flight.departed@1".parse().unwrap(),
        upcasts: false,
        serialize: Some(schema.clone()),
        deserialize: Some(schema),
    };
    Announcement::of(&contract, "0.1.0", instance, [schema])
}

fn schema(delay: &str) -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "FlightDeparted",
        "type": "object",
        "properties": { "delay_minutes": { "type": delay } },
        "required": ["delay_minutes"],
    })
}

/// The keys of what is running.
pub(crate) fn keys(running: &Running) -> Vec<&str> {
    running.services.iter().map(|service| &*service.key).collect()
}

/// Waits until exactly these are running.
pub(crate) async fn eventually_running(contracts: &Contracts, wanted: &[&str]) {
    let wait = async {
        loop {
            if contracts.running().await.is_ok_and(|running| keys(&running) == wanted) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if timeout(PATIENCE, wait).await.is_err() {
        panic!("not {wanted:?}, but {:?}", contracts.running().await);
    }
}
