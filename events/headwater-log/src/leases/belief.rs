use std::fmt;
use std::time::{Duration, Instant, SystemTime};

/// Whether a member may believe in its leases.
#[derive(Debug, Clone, Copy)]
pub(super) enum Belief {
    Held(Expiry),
    /// Never again: a member that comes back is another member.
    Over(Loss),
}

/// Why a member has no leases any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// They couldn't be renewed in time: the broker didn't answer, or this process stood still.
    Expired,
    /// Others have waited long enough, and have declared the member dead.
    DeclaredDead,
    /// The bucket was removed, or the member's record in it.
    BucketGone,
    /// The member has left, or is about to.
    Left,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "its leases were not renewed in time",
            Self::DeclaredDead => "others have declared it dead",
            Self::BucketGone => "its record was removed, or the bucket LEASES",
            Self::Left => "it has left",
        })
    }
}

/// A moment in the future, by two clocks of this machine. The monotonic one stands still while a machine sleeps, and the wall clock
/// may be set; whichever gets there first decides, because to stop too early costs time only.
#[derive(Debug, Clone, Copy)]
pub(super) struct Expiry {
    pub(super) at: Instant,
    wall: SystemTime,
}

impl Expiry {
    /// So long after now.
    pub(super) fn after(time: Duration) -> Self {
        Self { at: Instant::now() + time, wall: SystemTime::now() + time }
    }

    pub(super) fn is_over(&self) -> bool {
        Instant::now() >= self.at || SystemTime::now() >= self.wall
    }
}

impl Belief {
    /// What is left of it now: what is over by the clock is over for good.
    pub(super) fn settle(&mut self) -> bool {
        let ends = matches!(self, Self::Held(expiry) if expiry.is_over());
        if ends {
            *self = Self::Over(Loss::Expired);
        }
        ends
    }
}
