use std::collections::BTreeMap;

use headwater_event::Domain;
use headwater_log::{Checkpoint, Object};
use jiff::Timestamp;

use crate::{BuildId, Positions};

/// What is said of a snapshot beside its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaStamp {
    /// The projection.
    pub projection: String,
    /// Which build of it has built the state.
    pub build: BuildId,
    /// Up to where it has read its streams, and which streams these were.
    pub checkpoints: BTreeMap<Domain, Checkpoint>,
    /// How many keys there are.
    pub entries: u64,
    /// When it was taken, by the clock of whoever took it.
    pub taken_at: Timestamp,
}

const PROJECTION: &str = "projection";
const BUILD: &str = "build";
const CHECKPOINTS: &str = "checkpoints";
const ENTRIES: &str = "entries";
const TAKEN_AT: &str = "taken-at";

impl ReplicaStamp {
    /// What an object says of itself; `None` when it doesn't say it as this version does.
    #[must_use]
    pub fn of(object: &Object) -> Option<Self> {
        let said = |what| object.metadata.get(what);
        let checkpoints: BTreeMap<String, Checkpoint> = serde_json::from_str(said(CHECKPOINTS)?).ok()?;
        let checkpoints = checkpoints.into_iter().map(|(domain, at)| Some((domain.parse().ok()?, at)));
        Some(Self {
            projection: said(PROJECTION)?.clone(),
            build: said(BUILD)?.parse().ok()?,
            checkpoints: checkpoints.collect::<Option<_>>()?,
            entries: said(ENTRIES)?.parse().ok()?,
            taken_at: said(TAKEN_AT)?.parse().ok()?,
        })
    }

    /// Up to where the state has read its streams.
    #[must_use]
    pub fn positions(&self) -> Positions {
        self.checkpoints.iter().map(|(domain, checkpoint)| (domain.clone(), checkpoint.sequence)).collect()
    }

    pub(super) fn metadata(&self) -> serde_json::Result<BTreeMap<String, String>> {
        let checkpoints: BTreeMap<_, _> =
            self.checkpoints.iter().map(|(domain, at)| (domain.as_str(), at)).collect();
        let said = [
            (PROJECTION, self.projection.clone()),
            (BUILD, self.build.to_string()),
            (CHECKPOINTS, serde_json::to_string(&checkpoints)?),
            ("positions", self.positions().to_string()),
            (ENTRIES, self.entries.to_string()),
            (TAKEN_AT, self.taken_at.to_string()),
        ];
        Ok(said.into_iter().map(|(what, said)| (what.to_owned(), said)).collect())
    }

    /// Whether this one has read all that a state with these checkpoints has, and so many events more that it is worth loading.
    pub(super) fn is_far_ahead_of(&self, checkpoints: &BTreeMap<Domain, Checkpoint>) -> bool {
        const FAR: u64 = 10_000;
        let total = |of: &BTreeMap<Domain, Checkpoint>| of.values().map(|at| at.sequence).sum::<u64>();
        let has_read = |(domain, own): (_, &Checkpoint)| {
            self.checkpoints
                .get(domain)
                .is_some_and(|at| at.created == own.created && at.sequence >= own.sequence)
        };
        checkpoints.iter().all(has_read) && total(&self.checkpoints).saturating_sub(total(checkpoints)) > FAR
    }

    /// Whether a state with these checkpoints has read all that this one has, and more. A stream that was created later is further,
    /// wherever it is: the other one is gone.
    pub(super) fn is_behind(&self, checkpoints: &BTreeMap<Domain, Checkpoint>) -> bool {
        let place = |at: &Checkpoint| (at.created, at.sequence);
        let reached = |(domain, at)| checkpoints.get(domain).is_some_and(|own| place(own) >= place(at));
        self.checkpoints.iter().all(reached)
            && checkpoints
                .iter()
                .any(|(domain, own)| self.checkpoints.get(domain).is_none_or(|at| place(own) > place(at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkpoints(of: &[(&str, i64, u64)]) -> BTreeMap<Domain, Checkpoint> {
        let checkpoint = |&(domain, created, sequence): &(&str, i64, u64)| {
            let created = Timestamp::from_second(created).unwrap();
            let event = headwater_event::Fingerprint::from_bytes([7; 16]);
            (domain.parse().unwrap(), Checkpoint { created, sequence, event })
        };
        of.iter().map(checkpoint).collect()
    }

    fn stamp(of: &[(&str, i64, u64)]) -> ReplicaStamp {
        ReplicaStamp {
            projection: "revenue".to_owned(),
            build: BuildId::default(),
            checkpoints: checkpoints(of),
            entries: 5,
            taken_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn only_what_has_read_all_of_it_and_more_is_further() {
        let kept = stamp(&[("orders", 1, 10), ("stock", 1, 5)]);
        for (further, own) in [
            (true, &[("orders", 1, 11), ("stock", 1, 5)][..]),
            (true, &[("orders", 1, 10), ("stock", 1, 5), ("crew", 1, 1)]),
            // The stream was created again.
            (true, &[("orders", 2, 1), ("stock", 1, 5)]),
            (false, &[("orders", 1, 10), ("stock", 1, 5)]),
            (false, &[("orders", 1, 11), ("stock", 1, 4)]),
            (false, &[("orders", 1, 11)]),
            (false, &[("orders", 0, 99), ("stock", 1, 5)]),
        ] {
            assert_eq!(kept.is_behind(&checkpoints(own)), further, "{own:?}");
        }
    }

    #[test]
    fn is_read_from_what_an_object_says() {
        let stamp = stamp(&[("orders", 1, 10)]);
        let mut object = Object {
            name: String::new(),
            size: 0,
            digest: String::new(),
            metadata: stamp.metadata().unwrap(),
            put_at: Timestamp::UNIX_EPOCH,
        };
        assert_eq!(object.metadata["positions"], "orders=10");
        assert_eq!(ReplicaStamp::of(&object), Some(stamp));
        object.metadata.insert(ENTRIES.to_owned(), "many".to_owned());
        assert_eq!(ReplicaStamp::of(&object), None);
    }
}
