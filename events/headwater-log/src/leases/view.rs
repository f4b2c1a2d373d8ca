use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use super::record::{Key, Keys, LeaseRecord, MemberRecord, is_deleted};
use crate::side_stream::Entry;

/// Who has a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The member's id, which no other member ever has.
    pub member: String,
    /// What the member wants others to know, such as its address.
    pub payload: String,
    /// The lease's epoch.
    pub epoch: u64,
}

/// A group, as one of its members has seen it.
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) members: BTreeMap<String, SeenMember>,
    pub(super) leases: BTreeMap<String, SeenLease>,
    /// How often it was looked at.
    pub(super) looks: u64,
    /// When the member began to look.
    since: Instant,
    /// When it was seen first that a record had vanished.
    vanished: BTreeMap<String, Instant>,
    /// The highest sequence that was seen.
    newest: u64,
}

#[derive(Debug, Clone)]
pub(super) struct SeenMember {
    pub(super) sequence: u64,
    /// None when it was declared dead.
    pub(super) record: Option<MemberRecord>,
    /// When this sequence was seen first, by the observer's own clock.
    pub(super) since: Instant,
    /// Whether it was seen to renew, so that it does run.
    pub(super) beats: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SeenLease {
    pub(super) sequence: u64,
    /// None when it was released.
    pub(super) holder: Option<String>,
}

impl View {
    /// Of a group that wasn't looked at yet.
    pub(super) fn new(now: Instant) -> Self {
        let (members, leases, vanished) = Default::default();
        Self { members, leases, looks: 0, since: now, vanished, newest: 0 }
    }

    /// Takes in what one server had stored just before `now`. Any server may answer, also one that lags: what is known to be newer
    /// stays.
    pub(super) fn merge(&mut self, keys: &Keys, entries: &[Entry], now: Instant, time: Duration) {
        self.looks += 1;
        let newest = entries.iter().map(|entry| entry.sequence).max().unwrap_or(0);
        let (mut members, mut leases) = (HashSet::new(), HashSet::new());
        for entry in entries {
            match keys.read(&entry.subject) {
                Some(Key::Member(id)) => {
                    members.insert(id);
                    self.see_member(id, entry, now, time);
                }
                Some(Key::Lease(name)) => {
                    leases.insert(name);
                    self.see_lease(name, entry);
                }
                None => {}
            }
        }
        // What was removed is gone.
        self.members.retain(|id, member| member.sequence > newest || members.contains(&**id));
        for name in &leases {
            self.vanished.remove(*name);
        }
        self.leases.retain(|name, lease| {
            let stays = lease.sequence > newest || leases.contains(&**name);
            if !stays {
                self.vanished.insert(name.clone(), now);
            }
            stays
        });
        self.newest = self.newest.max(newest);
    }

    pub(super) fn see_member(&mut self, id: &str, entry: &Entry, now: Instant, time: Duration) {
        let known = self.members.get(id);
        if known.is_some_and(|known| known.sequence >= entry.sequence) {
            return;
        }
        let record = (!is_deleted(entry)).then(|| MemberRecord::read(&entry.payload, time));
        let seen = SeenMember { sequence: entry.sequence, record, since: now, beats: known.is_some() };
        self.members.insert(id.to_owned(), seen);
    }

    fn see_lease(&mut self, name: &str, entry: &Entry) {
        if self.leases.get(name).is_some_and(|known| known.sequence >= entry.sequence) {
            return;
        }
        let record = (!is_deleted(entry)).then(|| serde_json::from_slice(&entry.payload).ok()).flatten();
        let holder = record.map(|record: LeaseRecord| record.holder);
        self.leases.insert(name.to_owned(), SeenLease { sequence: entry.sequence, holder });
    }

    /// The members that nobody has declared dead.
    pub(super) fn living(&self) -> impl Iterator<Item = (&str, &MemberRecord)> {
        self.members.iter().filter_map(|(id, member)| Some((id.as_str(), member.record.as_ref()?)))
    }

    /// Those that have been silent for the whole of their time, with their last sequence; and holders of which nothing is known, with 0.
    pub(super) fn silent(&self, now: Instant) -> Vec<(String, u64)> {
        let is_silent = |member: &SeenMember| {
            let waited = now.saturating_duration_since(member.since);
            member.record.as_ref().is_some_and(|record| waited >= record.time())
        };
        let silent = self.members.iter().filter(|(_, member)| is_silent(member));
        let silent = silent.map(|(id, member)| (id.clone(), member.sequence));
        let holders: HashSet<_> = self.leases.values().filter_map(|lease| lease.holder.clone()).collect();
        let unknown = holders.into_iter().filter(|id| !self.members.contains_key(id)).map(|id| (id, 0));
        silent.chain(unknown).collect()
    }

    /// Whether nobody has the lease who may be alive; and the sequence of its record, or 0.
    ///
    /// If there is no record, there may have been one, and whoever had it may believe in it for a while. So nobody has the lease when there was
    /// none for a lease's time. (One that comes and is purged between two looks isn't seen; against that there is only the epoch.)
    pub(super) fn free(&self, name: &str, now: Instant, time: Duration) -> Option<u64> {
        let Some(lease) = self.leases.get(name) else {
            let since = self.vanished.get(name).unwrap_or(&self.since);
            return (now.saturating_duration_since(*since) >= time).then_some(0);
        };
        let is_dead = |id: &String| self.members.get(id).is_some_and(|member| member.record.is_none());
        lease.holder.as_ref().is_none_or(is_dead).then_some(lease.sequence)
    }

    /// Whether a lease's record is still the one that this member has stored with that sequence, as far as can be seen.
    pub(super) fn keeps(&self, name: &str, sequence: u64) -> bool {
        match self.leases.get(name) {
            Some(lease) => lease.sequence <= sequence,
            None => self.newest <= sequence,
        }
    }

    /// Who has the lease, if it isn't free.
    pub(super) fn owner(&self, name: &str, created: u64) -> Option<Owner> {
        let lease = self.leases.get(name)?;
        let member = lease.holder.as_ref()?;
        let record = self.members.get(member)?.record.as_ref()?;
        let epoch = created.saturating_add(lease.sequence);
        Some(Owner { member: member.clone(), payload: record.payload.clone(), epoch })
    }
}
