//! What only the log on JetStream has to stand: lost answers, dead clients, foreign messages, crashes.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

mod bed;
#[path = "../brokers/mod.rs"]
mod brokers;
mod bulk_load;
mod bulk_load_faults;
#[path = "../cases/mod.rs"]
mod cases;
mod consumers;
mod crashes;
mod dead_letters;
mod denied;
mod dying_clients;
mod fast_ingest;
mod foreign_messages;
mod groups;
mod lagging_servers;
mod loads;
mod lost_answers;
mod notes;
mod reading;
mod recreation;
mod silence;
mod streams;
mod wire;
mod work;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use bed::{Bed, Case};
use brokers::{Broker, ClusterBroker, FlushingBroker, ServerBroker};
use cases::Cases;

/// How long a case may take, on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    let mut cases = Cases::new();
    let brokers: [(&str, Arc<dyn Broker>); 3] = [
        ("single", Arc::new(ServerBroker::default())),
        ("flushing", Arc::new(FlushingBroker::default())),
        ("replicated", Arc::new(ClusterBroker::default())),
    ];
    let groups = [
        ("wire", wire::CASES),
        ("streams", streams::CASES),
        ("lost_answers", lost_answers::CASES),
        ("dying_clients", dying_clients::CASES),
        ("silence", silence::CASES),
        ("foreign_messages", foreign_messages::CASES),
        ("consumers", consumers::CASES),
        ("reading", reading::CASES),
        ("lagging_servers", lagging_servers::CASES),
        ("recreation", recreation::CASES),
        ("crashes", crashes::CASES),
        ("groups", groups::CASES),
        ("denied", denied::CASES),
        ("fast_ingest", fast_ingest::CASES),
        ("bulk_load", bulk_load::CASES),
        ("bulk_load_faults", bulk_load_faults::CASES),
        ("notes", notes::CASES),
        ("work", work::CASES),
        ("dead_letters", dead_letters::CASES),
    ];
    for (kind, broker) in brokers {
        for (group, name, run) in
            groups.iter().flat_map(|(group, cases)| cases.iter().map(|c| (*group, c.0, c.1)))
        {
            let broker = broker.clone();
            cases.add(format!("{kind}::{group}::{name}"), move || run_case(broker, group, name, run));
        }
    }
    cases.run()
}

async fn run_case(broker: Arc<dyn Broker>, group: &str, name: &str, run: Case) {
    let domain = format!("{group}-{name}").parse().unwrap();
    timeout(LIMIT, run(Bed::new(broker, domain))).await.expect("the case takes too long");
}
