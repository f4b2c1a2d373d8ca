use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::Client;
use tokio::time::Instant;

use super::config::{limited, problem};
use super::record::{Keys, is_name};
use super::session::{PAYLOAD_BYTES_MAX, Session, created, read};
use super::view::View;
use super::{LeaseConfig, LeaseError, Member, Owner};
use crate::Denials;
use crate::side_stream::SideStream;

/// The leases that services share through the broker, in the key-value bucket `LEASES`.
///
/// # Example: one of many does it
///
/// ```no_run
/// use headwater_log::{LeaseConfig, Leases};
///
/// # async fn example(client: async_nats::Client, denials: headwater_log::Denials) -> Result<(), headwater_log::LeaseError> {
/// let leases = Leases::new(client, denials, LeaseConfig::default());
/// let member = leases.join("nightly-report", "http://10.0.0.7:8080").await?;
/// let lease = member.acquire("writer").await?;
/// while lease.is_held() {
///     // ... write, with `lease.epoch()` ...
/// #   break;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Leases {
    pub(super) stream: SideStream,
    pub(super) config: LeaseConfig,
    /// When the newest bucket that was seen was made, in microseconds since 1970.
    newest: Arc<AtomicU64>,
}

/// How long joining is tried.
const PATIENCE: Duration = Duration::from_secs(30);

impl Leases {
    /// The leases behind a connection whose event callback feeds these denials.
    #[must_use]
    pub fn new(client: Client, denials: Denials, config: LeaseConfig) -> Self {
        let config = LeaseConfig { time: limited(config.time), ..config };
        let stream = SideStream::new(client, denials, config.stream(), config.answer_max());
        Self { stream, config, newest: Arc::default() }
    }

    /// Joins a group, which is there as soon as somebody joins it. Others can read the payload, such as this instance's address. Waits
    /// for the broker for half a minute.
    ///
    /// # Errors
    ///
    /// [`LeaseError`].
    pub async fn join(&self, group: &str, payload: impl Into<String>) -> Result<Member, LeaseError> {
        Ok(Member::new(self.session(group, payload.into(), None).await?))
    }

    /// Who has which lease of a group, by the leases' names: one look, for whoever isn't a member.
    ///
    /// # Errors
    ///
    /// [`LeaseError`].
    pub async fn owners(&self, group: &str) -> Result<BTreeMap<String, Owner>, LeaseError> {
        if !is_name(group) {
            return Err(LeaseError::Name { name: group.to_owned() });
        }
        let failed = |failure| LeaseError::of(failure, group);
        let info = self.stream.info().await.map_err(failed)?;
        let Some(info) = info else { return Ok(BTreeMap::new()) };
        let (keys, created) = (Keys::new(group), created(&info));
        let now = std::time::Instant::now();
        let mut view = View::new(now);
        let entries = read(&self.stream, &keys).await.map_err(failed)?;
        view.merge(&keys, &entries, now, self.config.time);
        let names = view.leases.keys().cloned();
        Ok(names.filter_map(|name| view.owner(&name, created).map(|owner| (name, owner))).collect())
    }

    pub(super) async fn session(
        &self,
        group: &str,
        payload: String,
        partitions: Option<u32>,
    ) -> Result<Arc<Session>, LeaseError> {
        if !is_name(group) {
            return Err(LeaseError::Name { name: group.to_owned() });
        }
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(LeaseError::PayloadTooLarge { bytes: payload.len(), max: PAYLOAD_BYTES_MAX });
        }
        let opened = self.stream.open(Instant::now() + PATIENCE).await;
        let info = opened.map_err(|failure| LeaseError::of(failure, group))?;
        let created = created(&info);
        let older = created < self.newest.fetch_max(created, Ordering::Relaxed);
        let fallen =
            || "it is older than the one before it, so epochs would fall: set the servers' clocks".to_owned();
        if let Some(problem) = problem(&info.config).or_else(|| older.then(fallen)) {
            return Err(LeaseError::Unfit { problem });
        }
        let (stream, config) = (self.stream.clone(), self.config.clone());
        Session::join(stream, config, group, payload, partitions, created, PATIENCE).await
    }
}
