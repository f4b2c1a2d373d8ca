//! A bank that keeps its ledger in PostgreSQL: the service whose transactions the outbox is part of.

use std::error::Error;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

use headwater_event::{Aggregate, CommandContext, Domain, Event};
use headwater_outbox::{Enqueued, Outbox};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_postgres::{Client, Config, NoTls};

use crate::bed::PATIENCE;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "bank", aggregate = "account", name = "booked", version = 1)]
pub(crate) struct Booked {
    #[event(key)]
    pub(crate) account: String,
    pub(crate) note: String,
}

/// The same for another kind of aggregate.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "bank", aggregate = "branch", name = "visited", version = 1)]
pub(crate) struct Visited {
    #[event(key)]
    pub(crate) branch: String,
}

/// An event whose type can hold what its schema refuses.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "bank", aggregate = "branch", name = "rated", version = 1)]
pub(crate) struct Rated {
    #[event(key)]
    pub(crate) branch: String,
    #[schemars(range(min = 1, max = 5))]
    pub(crate) stars: u8,
}

/// The same for another domain.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "shop", aggregate = "order", name = "ordered", version = 1)]
pub(crate) struct Ordered {
    #[event(key)]
    pub(crate) order: String,
}

pub(crate) fn shop() -> Domain {
    "shop".parse().unwrap()
}

pub(crate) fn bank() -> Domain {
    "bank".parse().unwrap()
}

pub(crate) fn account(id: &str) -> Aggregate {
    Aggregate::new(bank(), "account", id).unwrap()
}

pub(crate) fn booked(account: &str) -> Booked {
    Booked { account: account.to_owned(), note: "rent, \"heating\"\nand \u{1F4A7}".to_owned() }
}

/// A command that books on some accounts, on each any number of times.
#[derive(Debug, Clone)]
pub(crate) struct Booking {
    pub(crate) id: String,
    pub(crate) accounts: Vec<(String, usize)>,
    pub(crate) rolls_back: bool,
}

impl Booking {
    /// One booking on each account.
    pub(crate) fn new(id: &str, accounts: &[&str]) -> Self {
        let accounts = accounts.iter().map(|account| ((*account).to_owned(), 1)).collect();
        Self { id: id.to_owned(), accounts, rolls_back: false }
    }

    /// Something of everything.
    fn random(id: String, random: &mut Random) -> Self {
        let mut accounts = vec![(format!("account-{}", random.below(12)), 1 + random.below(3))];
        if random.below(3) == 0 {
            accounts.push((format!("other-{}", random.below(3)), 1));
        }
        Self { id, accounts, rolls_back: random.below(6) == 0 }
    }

    fn events(&self) -> Vec<Booked> {
        self.accounts.iter().flat_map(|(account, times)| vec![booked(account); *times]).collect()
    }

    /// Books, and enqueues the events, in one transaction.
    pub(crate) async fn book(
        &self,
        client: &mut Client,
        outbox: &Outbox,
    ) -> Result<Enqueued, Box<dyn Error + Send + Sync>> {
        let transaction = client.transaction().await?;
        for (account, times) in &self.accounts {
            let times = i64::try_from(*times)?;
            let insert = "INSERT INTO ledger (command, account, times) VALUES ($1, $2, $3)";
            transaction.execute(insert, &[&self.id, account, &times]).await?;
        }
        let context = CommandContext::new(&self.id);
        let enqueued = outbox.enqueue(&transaction, &context, Timestamp::now(), &self.events()).await?;
        if enqueued.is_repeated() || self.rolls_back {
            transaction.rollback().await?;
        } else {
            transaction.commit().await?;
        }
        Ok(enqueued)
    }

    /// Books until it is known to be booked: whatever fails in between, and whatever has become of it.
    async fn book_surely(&self, config: &Config, client: &mut Option<Client>, outbox: &Outbox) {
        let start = Instant::now();
        loop {
            if client.is_none() {
                *client = connect(config).await.ok();
            }
            if let Some(connected) = client {
                match self.book(connected, outbox).await {
                    Ok(_) => return,
                    Err(error) => assert!(start.elapsed() < PATIENCE, "it isn't booked: {error:?}"),
                }
            }
            assert!(start.elapsed() < PATIENCE, "there is no database");
            *client = None;
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Writers that book at the same time, so many random bookings each, whatever happens to the database.
pub(crate) fn write(
    config: &Config,
    outbox: &Outbox,
    name: &str,
    writers: usize,
    bookings: usize,
) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for writer in 0..writers {
        let (config, outbox, name) = (config.clone(), outbox.clone(), name.to_owned());
        tasks.spawn(async move {
            let (mut random, mut client) = (Random::default(), None);
            for number in 0..bookings {
                let booking = Booking::random(format!("{name}-{writer}-{number}"), &mut random);
                booking.book_surely(&config, &mut client, &outbox).await;
            }
        });
    }
    tasks
}

pub(crate) async fn joined(mut writers: JoinSet<()>) {
    while let Some(end) = writers.join_next().await {
        end.unwrap();
    }
}

async fn connect(config: &Config) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move { connection.await.ok() });
    Ok(client)
}

/// Numbers that are other ones each time.
pub(crate) struct Random(u64);

impl Default for Random {
    fn default() -> Self {
        Self(RandomState::new().build_hasher().finish() | 1)
    }
}

impl Random {
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}
