use std::collections::BTreeSet;

use headwater_log::Leases;

use crate::Replicas;

/// How several instances of a service share the partitions of its projection.
///
/// Each instance has its part, in a directory of its own. When one comes, goes or dies, the others share anew within seconds. A partition
/// is worked on by whoever has its lease, and each lease has a higher epoch than the one before, which the state names: an instance that
/// stood still commits nothing when its lease is over, and opens no state that was written under a later one.
#[derive(Clone)]
pub struct Sharing {
    /// Which instance has which partition.
    pub leases: Leases,
    /// Where others find this instance, such as `http://10.0.0.7:8080`; empty when they can't.
    pub address: String,
    /// Where the state of a partition is kept for who has it next. Without it, that one builds it from the first event, or goes on with
    /// what it had.
    pub replicas: Option<Replicas>,
}

/// Which instance has which partition, as one of them has seen it last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartitionMap {
    /// The partitions that can be read here.
    pub here: BTreeSet<u32>,
    /// By partition: who has it, if somebody does.
    pub owners: Vec<Option<PartitionOwner>>,
}

/// Who has a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionOwner {
    /// The instance's id.
    pub instance: String,
    /// Where others find it; empty when they can't.
    pub address: String,
}

impl PartitionMap {
    /// Of a state that is shared, of which nothing is here yet.
    pub(crate) fn nothing(count: u32) -> Self {
        Self { here: BTreeSet::new(), owners: (0..count).map(|_| None).collect() }
    }

    /// Of a state that isn't shared.
    pub(crate) fn all(count: u32) -> Self {
        Self { here: (0..count).collect(), owners: Vec::new() }
    }

    /// Whether the state has several partitions.
    #[must_use]
    pub fn is_divided(&self) -> bool {
        self.here.len().max(self.owners.len()) > 1
    }

    /// Whether the whole state can be read here.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.here.len() >= self.owners.len()
    }
}
