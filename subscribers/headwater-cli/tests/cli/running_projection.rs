//! The command on a projection whose service is running.
//!
//! The service is this program once more, with the service's own options; so it has no test harness,
//! which would take them for its own.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod command;
mod orders;

use std::process::{Child, Command, ExitCode};
use std::thread::sleep;
use std::time::{Duration, Instant};

use headwater_event::{ContractText, Contracted, Event as _, EventSchema};
use headwater_log::service::{Connection, Exit};
use headwater_log::testkit::Server;
use headwater_log::{JetStreamConfig, JetStreamLog};
use orders::{OrderPaid, OrderPlaced, Revenue};

const SERVICE: &str = "HEADWATER_TEST_SERVICE";

fn main() -> ExitCode {
    if std::env::var_os(SERVICE).is_some() {
        return headwater_subscriber::main::<Revenue>("Adds up payments").into();
    }
    asks_the_service_for_rows();
    Exit::Ok.into()
}

/// The contract of the small service; a crate of its own would have it in a file, for the macro to compare.
impl Contracted for Revenue {
    const CONTRACT: ContractText = ContractText {
        service: "revenue",
        version: "0.1.0",
        path: "contract.toml",
        text: "[service]\nname = \"revenue\"\nowner = \"shop\"\n\n\
               [subscribes]\n\"orders.order.placed\" = 1\n\"orders.order.paid\" = 1\n",
    };

    fn schemas() -> Vec<EventSchema> {
        [OrderPlaced::schemas(), OrderPaid::schemas()].concat()
    }
}

/// A service that is killed at the end, also by a failed test.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).ok();
    }
}

#[tokio::main(flavor = "current_thread")]
async fn asks_the_service_for_rows() {
    let server = Server::start().await.unwrap();
    let client = Connection::to(&server.url()).unwrap().connect("headwater-test").await.unwrap();
    orders::store_three_events(&JetStreamLog::new(client, JetStreamConfig::default())).await;

    let data = tempfile::tempdir().unwrap();
    let service = Command::new(std::env::current_exe().unwrap())
        .args(["--server", &server.url(), "--log-level", "warn", "--data"])
        .arg(data.path())
        .env_clear()
        .env(SERVICE, "1")
        .spawn();
    let _service = Service(service.unwrap());

    let projection = |arguments: &[&str]| {
        command::run([&["projection"], arguments, &["--data", data.path().to_str().unwrap()]].concat())
    };
    let key = ["get", "revenue", "8", "--format", "json"];
    let deadline = Instant::now() + Duration::from_secs(20);
    let found = loop {
        let ran = projection(&key);
        if ran.code == Some(0) || Instant::now() > deadline {
            break ran.done();
        }
        sleep(Duration::from_millis(20));
    };
    assert_eq!(found, "[\n{\"table\":\"customers\",\"key\":\"8\",\"value\":\"Bo\"}\n]\n");
    let listed = projection(&["ls"]).done();
    let line: Vec<_> = listed.lines().nth(1).unwrap().split_whitespace().collect();
    let [name, _, state, process, position, behind, left, tables] = line[..] else { panic!("{listed}") };
    assert_eq!((name, state, process, position, tables), ("revenue", "live", "running", "orders=3", "-"));
    // It says how far it is twice a second.
    assert!(["-", "0"].contains(&behind) && ["-", "0s"].contains(&left), "{listed}");
    let error = projection(&["get", "revenue", "--table", "refunds"]).failed(1);
    assert!(error.contains("there are rows in: customers, payments"), "{error}");
}
