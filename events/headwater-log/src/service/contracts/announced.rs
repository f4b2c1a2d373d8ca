use std::time::Duration;

use headwater_schema::deploy::Announcement;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::Contracts;

/// A service's announcement, kept up while this value is there.
///
/// [`close`](Self::close) takes it back at once. Dropping it does as well if the runtime lives on; whatever remains vanishes by
/// itself.
#[derive(Debug)]
#[must_use = "the announcement is withdrawn when this is dropped"]
pub struct Announced {
    kept: Option<Kept>,
}

#[derive(Debug)]
struct Kept {
    contracts: Contracts,
    key: String,
    refreshing: JoinHandle<()>,
}

impl Announced {
    /// Withdraws the announcement, which takes two seconds at most.
    pub async fn close(mut self) {
        if let Some(kept) = self.kept.take() {
            kept.withdraw().await;
        }
    }

    pub(super) fn nothing() -> Self {
        Self { kept: None }
    }

    pub(super) fn keep(
        contracts: Contracts,
        key: String,
        announcement: Announcement,
        since: u64,
        age: Duration,
    ) -> Self {
        let refreshing = tokio::spawn(refresh(contracts.clone(), key.clone(), announcement, since, age));
        Self { kept: Some(Kept { contracts, key, refreshing }) }
    }
}

impl Kept {
    async fn withdraw(self) {
        self.refreshing.abort();
        // A refresh that is under way must not come after the withdrawal.
        self.refreshing.await.ok();
        self.contracts.withdraw(&self.key).await;
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        let Some(kept) = self.kept.take() else { return };
        kept.refreshing.abort();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(kept.withdraw());
        }
    }
}

/// Refreshes for ever. Whatever happens to the broker, the service goes on.
async fn refresh(
    contracts: Contracts,
    key: String,
    announcement: Announcement,
    mut since: u64,
    age: Duration,
) {
    let every = age / REFRESHES_PER_AGE;
    let contracts = contracts.within(every);
    let mut refreshed = Instant::now();
    let mut failing = false;
    loop {
        sleep(every).await;
        match contracts.put(&key, &announcement, Some(since)).await {
            Ok(sequence) => {
                if failing {
                    tracing::info!("the contract is announced again");
                }
                // Another bucket, which counts anew: from now on that is when this service began.
                if sequence <= since {
                    since = sequence;
                }
                // Nobody saw this service for a while, and somebody may have started who doesn't fit.
                if refreshed.elapsed() > age
                    && let Ok(findings) = contracts.misfits(&announcement, sequence).await
                {
                    for finding in findings {
                        tracing::error!(code = %finding.code, "{}; it started while NATS was down", finding.message);
                    }
                }
                (failing, refreshed) = (false, Instant::now());
            }
            Err(error) if failing => tracing::debug!(%error, "the contract isn't announced yet"),
            Err(error) => {
                tracing::warn!(error = %crate::service::report(&error), "the contract isn't announced; trying again");
                failing = true;
            }
        }
    }
}

const REFRESHES_PER_AGE: u32 = 3;
