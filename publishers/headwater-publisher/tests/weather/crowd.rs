use std::sync::Arc;
use std::time::Duration;

use headwater_log::service::Connection;
use headwater_log::testkit::{Random, StreamCheck, StreamReport, Witness};
use headwater_log::{JetStreamConfig, Log};
use headwater_publisher::Aggregates;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::account::Account;
use crate::bed::{bank, jetstream, service, stored};
use crate::ledger::{Ledger, Outcome};
use crate::model::audit;
use crate::spec::Spec;

/// How long the last commands may take when the weather is good again.
const CALM_LIMIT: Duration = Duration::from_secs(90);

/// One command in so many is one that others send as well.
const SHARED_EVERY: u64 = 10;

/// Writers that send commands until the weather has passed, each command until it is answered.
pub(crate) struct Crowd {
    pub(crate) ledger: Arc<Ledger>,
    services: Vec<Aggregates<Account>>,
    witnesses: Vec<Arc<Witness>>,
    writers: Vec<JoinHandle<()>>,
    end: CancellationToken,
}

impl Crowd {
    pub(crate) fn new() -> Self {
        Self {
            ledger: Arc::new(Ledger::new()),
            services: Vec::new(),
            witnesses: Vec::new(),
            writers: Vec::new(),
            end: CancellationToken::new(),
        }
    }

    /// Adds an instance of the service, with a connection of its own.
    pub(crate) async fn add_service(&mut self, url: &str, config: JetStreamConfig) {
        let witness = Witness::of(jetstream(url, config).await);
        let service = service(&(witness.clone() as Log)).await;
        // Half of them guess.
        let guesses = self.services.len() % 2 == 1;
        self.services.push(if guesses { service.assuming_new() } else { service });
        self.witnesses.push(witness);
    }

    /// Lets so many writers begin, each with one of the services.
    pub(crate) fn begin(&mut self, writers: u64, accounts: u64) {
        let services = self.services.iter().cycle();
        for (number, service) in (0..writers).zip(services) {
            let (service, ledger, end) = (service.clone(), self.ledger.clone(), self.end.clone());
            self.writers.push(tokio::spawn(write(number, service, ledger, end, accounts)));
        }
    }

    /// Lets the writers end, and proves what they leave behind on the broker at `url`.
    pub(crate) async fn prove(self, url: &str) -> StreamReport {
        self.end.cancel();
        for writer in self.writers {
            timeout(CALM_LIMIT, writer)
                .await
                .expect("a command is answered when the weather is good")
                .unwrap();
        }
        let outcomes = self.ledger.outcomes();
        let receipts = outcomes.iter().filter_map(Outcome::claim);
        let claims = self.witnesses.iter().flat_map(|witness| witness.claims()).chain(receipts);

        let client = Connection::to(url).unwrap().connect("weather").await.unwrap();
        let check = StreamCheck::of_broker(&client, &bank()).await.unwrap().with_claims(claims);
        let report = check.report();
        println!("{}\n{report}", self.ledger.figures());
        report.assert_clean();

        let log = jetstream(url, JetStreamConfig::default()).await;
        let events = stored(&log).await;
        assert_eq!(events.len(), report.events());
        audit(&events, &outcomes);
        report
    }
}

async fn write(
    number: u64,
    service: Aggregates<Account>,
    ledger: Arc<Ledger>,
    end: CancellationToken,
    accounts: u64,
) {
    let mut random = Random::new(number);
    for command in 0.. {
        if end.is_cancelled() {
            return;
        }
        let spec = if random.below(SHARED_EVERY) == 0 {
            // Whoever comes here at about the same time has the same one.
            let shared = ledger.answered() / 20;
            Spec::random(format!("shared-{shared}"), accounts, &mut Random::new(shared))
        } else {
            Spec::random(format!("writer-{number}-{command}"), accounts, &mut random)
        };
        loop {
            let begun_after = ledger.told_max();
            let handled = service.handle(spec.command()).await;
            if ledger.take(&spec, begun_after, handled) {
                break;
            }
        }
    }
}
