use std::time::Duration;

use async_nats::Client;
use bytes::Bytes;
use headwater_contract::Finding;
use headwater_schema::deploy::{self, Announcement, AnnouncementError};
use jiff::Timestamp;

use super::bucket::Bucket;
use super::entry::{Entry, key};
use super::{AnnounceError, Announced, ContractCheck};
use crate::service::Denials;

/// The contracts of the services that run on one broker.
///
/// Each service keeps its [`Announcement`] in the key-value bucket `HEADWATER_CONTRACTS` while it runs. It is refreshed every
/// twenty seconds and vanishes a minute after the last time, however the service has ended.
#[derive(Debug, Clone)]
pub struct Contracts {
    bucket: Bucket,
}

/// What is running.
#[derive(Debug, Default)]
pub struct Running {
    /// The processes of all services, by service and instance.
    pub services: Vec<RunningService>,
    /// What can't be read as an announcement.
    pub unreadable: Vec<Unreadable>,
}

/// One process of a service that is running.
#[derive(Debug, Clone, PartialEq)]
pub struct RunningService {
    /// Where its announcement is stored.
    pub key: String,
    /// When the announcement was last refreshed.
    pub refreshed_at: Timestamp,
    /// What it says.
    pub announcement: Announcement,
    /// The sequence of its first message, by which two services that start at once know who was first.
    pub(super) since: u64,
}

/// An entry of the bucket that nobody can read, at least not this version of Headwater.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Where it is stored.
    pub key: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Contracts {
    /// The contracts behind a connection that was made by
    /// [`Connection::connect_watched`](crate::service::Connection::connect_watched).
    pub fn new(client: Client, denials: Denials) -> Self {
        Self { bucket: Bucket::new(client, denials) }
    }

    /// How long an announcement outlives its service, if the bucket is made here; a minute unless said otherwise. It is
    /// refreshed three times as often.
    #[must_use]
    pub fn vanishing_after(mut self, age: Duration) -> Self {
        self.bucket.age = age;
        self
    }

    /// How long each request is tried; half a minute unless said otherwise, which is enough for an election.
    #[must_use]
    pub fn within(mut self, patience: Duration) -> Self {
        self.bucket.patience = patience;
        self
    }

    /// What is running now.
    ///
    /// # Errors
    ///
    /// [`AnnounceError`] when the server can't be asked. What can't be read is no error, but part of the answer.
    pub async fn running(&self) -> Result<Running, AnnounceError> {
        self.running_at(0).await
    }

    /// Announces a service, if it fits what is running, until the returned value is closed or dropped.
    ///
    /// The announcement comes first, and the comparison second: of two services that start in the same moment, at least the one
    /// whose announcement is stored later sees the other. Exactly that one yields, so of two that
    /// don't fit together one starts. It withdraws its announcement before it ends.
    ///
    /// # Errors
    ///
    /// [`AnnounceError::Misfit`] when it doesn't fit and `check` says to refuse that; other errors when the
    /// server can't be asked.
    pub async fn announce(
        &self,
        announcement: Announcement,
        check: ContractCheck,
    ) -> Result<Announced, AnnounceError> {
        if check == ContractCheck::Off {
            return Ok(Announced::nothing());
        }
        let age = self.bucket.open().await?;
        let key = key(&announcement);
        let since = self.put(&key, &announcement, None).await?;
        // From here on it is withdrawn whenever this ends without a service that runs, even if nobody waits for the end.
        let announced = Announced::keep(self.clone(), key, announcement.clone(), since, age);
        let findings = match self.misfits(&announcement, since).await {
            Ok(findings) => findings,
            Err(error) => {
                announced.close().await;
                return Err(error);
            }
        };
        if !findings.is_empty() {
            if check == ContractCheck::Refuse {
                announced.close().await;
                return Err(AnnounceError::Misfit { service: announcement.service, findings });
            }
            for finding in &findings {
                tracing::warn!(code = %finding.code, "{}; started all the same", finding.message);
            }
        }
        Ok(announced)
    }

    pub(super) async fn put(
        &self,
        key: &str,
        announcement: &Announcement,
        since: Option<u64>,
    ) -> Result<u64, AnnounceError> {
        let value = serde_json::to_vec(&Entry { since, announcement }).map_err(AnnouncementError::Json)?;
        self.bucket.put(key, Bytes::from(value)).await
    }

    /// What doesn't fit among the services that were there before the sequence `since`. Later ones compare themselves
    /// with this one.
    pub(super) async fn misfits(
        &self,
        announcement: &Announcement,
        since: u64,
    ) -> Result<Vec<Finding>, AnnounceError> {
        let running = self.running_at(since).await?;
        for Unreadable { key, reason } in &running.unreadable {
            tracing::warn!(
                key,
                reason,
                "an announced contract can't be read, and nothing is compared with it"
            );
        }
        let earlier: Vec<_> = running
            .services
            .into_iter()
            .filter(|service| service.since < since)
            .map(|service| service.announcement)
            .collect();
        let findings = deploy::check(announcement, &earlier);
        if findings.is_empty() {
            tracing::info!(compared_with = earlier.len(), "the contract fits what is running");
        }
        Ok(findings)
    }

    /// Takes an announcement back; it would vanish by itself, only later.
    pub(super) async fn withdraw(&self, key: &str) {
        const WITHDRAW_MAX: Duration = Duration::from_secs(2);
        if let Err(error) = self.bucket.delete(key, WITHDRAW_MAX).await {
            tracing::debug!(%error, "the announced contract wasn't withdrawn, and will vanish by itself");
        }
    }

    async fn running_at(&self, at_least: u64) -> Result<Running, AnnounceError> {
        let mut running = Running::default();
        for stored in self.bucket.list(at_least).await? {
            match stored.read() {
                Ok(service) => running.services.push(service),
                Err(reason) => running.unreadable.push(Unreadable { key: stored.key, reason }),
            }
        }
        running.services.sort_by(|one, other| one.key.cmp(&other.key));
        running.unreadable.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(running)
    }
}
