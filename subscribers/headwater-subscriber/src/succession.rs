use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::front::Front;
use crate::{BuildId, Builds, Positions, ProjectorError, StoreError, Stores};

/// How often a projector looks at which build is live, and says how far it is.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A build that is at most this many events behind has caught up: others come while it goes live.
const BEHIND_MAX: u64 = 100;

/// How often builds are looked for that need not be kept any longer.
const REMOVE_EVERY: Duration = Duration::from_secs(60);

/// What a build is beside the others of its projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It answers queries.
    Live,
    /// It catches up, and will take over then.
    Building,
    /// It was live, and another build has taken over.
    Kept,
    /// It was rolled back.
    Held,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Live => "live",
            Self::Building => "building",
            Self::Kept => "kept",
            Self::Held => "held",
        })
    }
}

/// How a build stands that a process works on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BuildStatus {
    /// Which one.
    pub build: BuildId,
    /// What it is beside the others.
    pub standing: Standing,
    /// Up to where it has read.
    pub positions: Positions,
    /// How many events it has still to apply, at most; `None` when that isn't known.
    pub remaining: Option<u64>,
    /// How many sequences a second it went on of late.
    pub events_per_s: f64,
}

impl BuildStatus {
    /// How long it will take to catch up at the present rate, in seconds; `None` when nobody knows.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "an estimate for people")]
    pub fn seconds_left(&self) -> Option<f64> {
        match self.remaining? {
            0 => Some(0.0),
            remaining if self.events_per_s > 0.0 => Some(remaining as f64 / self.events_per_s),
            _ => None,
        }
    }
}

/// Watches which build of a projection is live, and lets this one take over when it has caught up.
#[derive(Debug)]
pub(crate) struct Succession {
    builds: Builds,
    stores: Stores,
    build: BuildId,
    front: Arc<Front>,
    keep: SignedDuration,
    standing: Standing,
    /// The build whose state is shown instead of this one's.
    shown: Option<BuildId>,
    /// The build that was last shown to who shares the stores.
    published: Option<BuildId>,
    is_publishing_late: bool,
    status: watch::Sender<BuildStatus>,
    /// When it last looked, and what was applied by then.
    looked: (Instant, u64),
    removed: Option<Instant>,
}

impl Succession {
    /// Finds the build's place. The first one of all is live at once, for there is nothing else to ask.
    pub(crate) fn begin(
        builds: Builds,
        stores: Stores,
        build: BuildId,
        front: Arc<Front>,
        keep: SignedDuration,
    ) -> Result<Self, ProjectorError> {
        if builds.register()?.live.is_none() {
            let live = stores.recall(&builds, &build)?;
            builds.take_over(live.as_ref().unwrap_or(&build))?;
        }
        let positions = front.applied().borrow().clone();
        let looked = (Instant::now(), total(&positions));
        let standing = Standing::Live;
        let status =
            BuildStatus { build: build.clone(), standing, positions, remaining: None, events_per_s: 0.0 };
        let status = watch::Sender::new(status);
        let mut this = Self {
            builds,
            stores,
            build,
            front,
            keep,
            standing,
            shown: None,
            published: None,
            is_publishing_late: false,
            status,
            looked,
            removed: None,
        };
        this.find_place(None)?;
        this.say(None);
        match this.standing {
            Standing::Live => {}
            Standing::Building => tracing::info!(
                build = %this.build,
                "another build is live; this one takes over when it has caught up"
            ),
            Standing::Kept | Standing::Held => tracing::warn!(
                build = %this.build,
                "another build has replaced this one, which goes on beside it; `headwater projection promote` makes it live again"
            ),
        }
        Ok(this)
    }

    /// Where operators' questions are answered.
    pub(crate) fn socket(&self) -> PathBuf {
        self.builds.socket(&self.build)
    }

    pub(crate) fn status(&self) -> watch::Receiver<BuildStatus> {
        self.status.subscribe()
    }

    pub(crate) fn is_live(&self) -> bool {
        self.standing == Standing::Live
    }

    /// Looks once more. `remaining` is what this build has still to apply.
    pub(crate) async fn look(mut self, remaining: Option<u64>) -> Result<Self, ProjectorError> {
        let looking = move || {
            let before = self.standing;
            self.find_place(remaining)?;
            if self.standing != before {
                tracing::info!(build = %self.build, "the build was {before}, and is {} now", self.standing);
            }
            self.say(remaining);
            self.remove_old();
            Ok(self)
        };
        spawn_blocking(looking).await.map_err(|_| ProjectorError::Unwatched)?
    }

    fn find_place(&mut self, remaining: Option<u64>) -> Result<(), ProjectorError> {
        let mut register = self.builds.register()?;
        if register.standing(&self.build) == Standing::Building && self.has_caught_up(remaining) {
            self.builds.take_over(&self.build)?;
            register = self.builds.register()?;
        }
        self.standing = register.standing(&self.build);
        let live = register.live.unwrap_or_else(|| self.build.clone());
        if live == self.build {
            self.front.show_own();
            self.shown = None;
        } else if self.builds.is_wanted(&live) {
            // Who works on it answers, and needs its store.
            self.front.show_own();
            self.shown = None;
        } else if self.shown.as_ref() != Some(&live) {
            self.show(live.clone())?;
        }
        self.publish(live)
    }

    /// Shows the live build to who shares the stores. It is tried until it succeeds, and said once that it is late.
    fn publish(&mut self, live: BuildId) -> Result<(), ProjectorError> {
        if self.published.as_ref() == Some(&live) && !self.stores.has_unshown(&self.builds) {
            return Ok(());
        }
        if self.stores.publish(&self.builds)? {
            self.published = Some(live);
            self.is_publishing_late = false;
        } else if !std::mem::replace(&mut self.is_publishing_late, true) {
            tracing::warn!(
                %live,
                "the database doesn't show the live build yet: a reader whose transaction is long, or an outage, is in the way; it is tried again"
            );
        }
        Ok(())
    }

    /// Shows the state of another build, unless another process has it open: then that one answers.
    fn show(&mut self, live: BuildId) -> Result<(), ProjectorError> {
        match self.stores.open_existing(&self.builds, &live) {
            Ok(store) => {
                self.front.show(store)?;
                self.shown = Some(live);
            }
            // Nor can one be shown that is in a database, when this process knows of none.
            Err(StoreError::InUse { .. } | StoreError::Missing { .. } | StoreError::Elsewhere { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Whether queries would miss nothing that they can see now. The builds may read different events, so this one may
    /// have read everything and be at an earlier position.
    fn has_caught_up(&self, remaining: Option<u64>) -> bool {
        match remaining {
            Some(0) => true,
            Some(1..=BEHIND_MAX) => {
                self.front.applied().borrow().have_reached(&self.front.position().borrow())
            }
            _ => false,
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
    fn say(&mut self, remaining: Option<u64>) {
        /// How much of the rate is of the time since the last look.
        const NEW: f64 = 0.3;
        let positions = self.front.applied().borrow().clone();
        let (before, applied) = self.looked;
        self.looked = (Instant::now(), total(&positions));
        let seconds = before.elapsed().as_secs_f64();
        let rate = if seconds > 0.0 { self.looked.1.saturating_sub(applied) as f64 / seconds } else { 0.0 };
        self.status.send_modify(|status| {
            status.standing = self.standing;
            status.positions = positions;
            status.remaining = remaining;
            let is_first = status.events_per_s == 0.0;
            status.events_per_s =
                if is_first { rate } else { NEW * rate + (1.0 - NEW) * status.events_per_s };
        });
    }

    /// The live build removes what isn't to be kept any longer; others say that they are there. Should that fail, it is tried again.
    fn remove_old(&mut self) {
        if self.removed.is_some_and(|removed| removed.elapsed() < REMOVE_EVERY) {
            return;
        }
        self.removed = Some(Instant::now());
        if !self.is_live() {
            if let Err(error) = self.builds.see(&self.build) {
                let error = headwater_log::service::report(&error);
                tracing::warn!(%error, "it can't be said that this build is still in use");
            }
            return;
        }
        match self.builds.remove_older_than(self.keep, |build| self.stores.remove(&self.builds, build)) {
            Ok(removed) => {
                for build in removed {
                    tracing::info!(%build, "removed a build that is no longer needed");
                }
            }
            Err(error) => {
                let error = headwater_log::service::report(&error);
                tracing::warn!(%error, "builds that are no longer needed can't be removed");
            }
        }
    }
}

fn total(positions: &Positions) -> u64 {
    positions.iter().map(|(_, sequence)| sequence).sum()
}
