use std::fmt;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use headwater_log::StoredEvent;
use xxhash_rust::xxh3::xxh3_64;

/// Into how many partitions the state of a projection is divided, each with a store and a worker of its own.
///
/// An event belongs to a partition by its key: its extension `partitionkey`, if it has one (CloudEvents, "Partitioning" extension), and else
/// its subject, which is the key of its aggregate. The partition is XXH3 of the key, 64 bits, modulo the number of partitions, so it is the same in
/// every process and version. Events of one key are applied in the order of their stream.
///
/// # Example
///
/// ```
/// use headwater_subscriber::Partitioning;
///
/// let eight: Partitioning = "8".parse().unwrap();
/// assert_eq!(eight.count(), 8);
/// assert_eq!(Partitioning::default().count(), 1);
/// assert!("0".parse::<Partitioning>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Partitioning(NonZeroU32);

impl Partitioning {
    /// The most that there can be: each that is here has a thread of its own.
    pub const MAX: u32 = 256;

    /// That many partitions; `None` when it is 0, or more than [`MAX`](Self::MAX).
    #[must_use]
    pub fn new(count: u32) -> Option<Self> {
        NonZeroU32::new(count).filter(|count| count.get() <= Self::MAX).map(Self)
    }

    /// The number of partitions.
    #[must_use]
    pub fn count(self) -> u32 {
        self.0.get()
    }

    /// The partition of this number, from 0; `None` when there is none.
    pub(crate) fn partition(self, index: u32) -> Option<Partition> {
        (index < self.count()).then_some(Partition { index, of: self })
    }

    /// All of them.
    pub(crate) fn all(self) -> impl Iterator<Item = Partition> {
        (0..self.count()).map(move |index| Partition { index, of: self })
    }

    /// The partition that the event belongs to.
    pub(crate) fn of(self, event: &StoredEvent) -> Partition {
        let index = match self.count() {
            1 => 0,
            count => u32::try_from(hash(event) % u64::from(count)).unwrap_or_default(),
        };
        Partition { index, of: self }
    }
}

const PARTITION_KEY: &str = "partitionkey";

fn hash(event: &StoredEvent) -> u64 {
    let envelope = &event.envelope;
    match envelope.extension(PARTITION_KEY) {
        Some(key) => xxh3_64(key.to_string().as_bytes()),
        None => xxh3_64(envelope.subject().unwrap_or_default().as_bytes()),
    }
}

/// One: the state isn't divided.
impl Default for Partitioning {
    fn default() -> Self {
        Self(NonZeroU32::MIN)
    }
}

impl FromStr for Partitioning {
    type Err = PartitioningError;

    fn from_str(text: &str) -> Result<Self, PartitioningError> {
        text.parse().ok().and_then(Self::new).ok_or(PartitioningError)
    }
}

impl fmt::Display for Partitioning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text that is no number of partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is a number from 1 to {}", Partitioning::MAX)]
pub struct PartitioningError;

/// One of the parts of a projection's state; the whole, when it isn't divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Partition {
    index: u32,
    of: Partitioning,
}

impl Partition {
    /// The only one of a state that isn't divided.
    pub(crate) const WHOLE: Self = Self { index: 0, of: Partitioning(NonZeroU32::MIN) };

    pub(crate) fn index(self) -> u32 {
        self.index
    }

    pub(crate) fn partitioning(self) -> Partitioning {
        self.of
    }

    /// Its number; `None` when it is the whole.
    pub(crate) fn number(self) -> Option<u32> {
        (self.of.count() > 1).then_some(self.index)
    }

    /// What its snapshot is called, whose build's is called so.
    pub(crate) fn object(self, build: &str) -> String {
        match self.number() {
            Some(number) => format!("{build}/{number}"),
            None => build.to_owned(),
        }
    }

    /// Where its store is, in the directory of its build.
    pub(crate) fn directory(self, build: &Path) -> PathBuf {
        match self.number() {
            Some(number) => build.join(number.to_string()),
            None => build.to_owned(),
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number() {
            Some(number) => write!(f, "partition {number} of {}", self.of),
            None => f.write_str("the whole"),
        }
    }
}

#[cfg(test)]
mod tests {
    use headwater_event::Envelope;
    use jiff::Timestamp;

    use super::*;

    fn event(subject: &str, partition_key: Option<&str>) -> StoredEvent {
        let envelope = Envelope::builder("7", "/shop", "headwater.orders.order.paid.v1").subject(subject);
        let envelope = match partition_key {
            Some(key) => envelope.extension(PARTITION_KEY, key),
            None => envelope,
        };
        StoredEvent { sequence: 1, stored_at: Timestamp::UNIX_EPOCH, envelope: envelope.build().unwrap() }
    }

    fn of(count: u32, subject: &str, partition_key: Option<&str>) -> u32 {
        Partitioning::new(count).unwrap().of(&event(subject, partition_key)).index()
    }

    #[test]
    fn a_key_stays_in_its_partition_over_versions() {
        // Whoever changes these has every divided state built anew, from events that other processes still divide as before.
        let places: Vec<_> = ["UA1545-2013-01-01", "ada", "7", "é"].map(|key| of(8, key, None)).into();
        assert_eq!(places, [2, 7, 2, 3]);
    }

    #[test]
    fn a_partition_key_goes_before_the_subject() {
        for key in 0..50 {
            let key = key.to_string();
            assert_eq!(of(16, "some order", Some(&key)), of(16, &key, None));
        }
    }

    #[test]
    fn keys_are_spread_evenly() {
        let mut events = [0; 8];
        (0..8000).for_each(|key| events[of(8, &key.to_string(), None) as usize] += 1);
        assert!(events.iter().all(|count| (850..1150).contains(count)), "{events:?}");
    }
}
