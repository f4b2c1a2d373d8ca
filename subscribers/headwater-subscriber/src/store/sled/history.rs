use std::collections::BTreeMap;
use std::ops::Bound;

use crate::StoreError;
use crate::store::Order;

/// A value, or that there was none.
pub(super) type Value = Option<Vec<u8>>;

/// What commits have overwritten since the oldest snapshot that somebody still has.
///
/// It holds at most one value of a row for each snapshot, and nothing when there is no snapshot.
#[derive(Debug, Default)]
pub(super) struct History {
    /// How many commits there were.
    commits: u64,
    /// After how many commits the snapshots were taken, and how many were taken then.
    observed: BTreeMap<u64, usize>,
    /// By key: until after how many commits the row had which value, in their order.
    overwritten: BTreeMap<Vec<u8>, Vec<(u64, Value)>>,
}

impl History {
    /// Begins a snapshot, which is known by the number of the commits that precede it.
    pub(super) fn begin(&mut self) -> u64 {
        *self.observed.entry(self.commits).or_default() += 1;
        self.commits
    }

    /// Ends a snapshot, and forgets what only it could see.
    pub(super) fn end(&mut self, snapshot: u64) {
        let Some(count) = self.observed.get_mut(&snapshot) else { return };
        *count -= 1;
        if *count > 0 {
            return;
        }
        self.observed.remove(&snapshot);
        match self.observed.keys().next() {
            None => self.overwritten.clear(),
            Some(&oldest) if oldest > snapshot => self.overwritten.retain(|_, values| {
                values.retain(|&(until, _)| until >= oldest);
                !values.is_empty()
            }),
            Some(_) => {}
        }
    }

    /// Whether there is a snapshot.
    pub(super) fn is_observed(&self) -> bool {
        !self.observed.is_empty()
    }

    /// Keeps the value that the next commit will overwrite, if a snapshot needs it.
    pub(super) fn keep(
        &mut self,
        key: &[u8],
        value: impl FnOnce() -> Result<Value, StoreError>,
    ) -> Result<(), StoreError> {
        let Some(&newest) = self.observed.keys().next_back() else { return Ok(()) };
        let kept = self.overwritten.get(key).and_then(|values| values.last());
        if kept.is_none_or(|&(until, _)| until < newest) {
            let values = self.overwritten.entry(key.to_owned()).or_default();
            values.push((self.commits, value()?));
            // Of the earlier ones, what only snapshots saw that have ended since.
            let mut from = 0;
            values.retain(|&(until, _)| {
                let is_seen = self.observed.range(from..=until).next().is_some();
                from = until + 1;
                is_seen
            });
        }
        Ok(())
    }

    /// Counts a commit.
    pub(super) fn advance(&mut self) {
        self.commits += 1;
    }

    /// The value that the snapshot sees at `key`; `None` when that is what is there now.
    pub(super) fn seen(&self, snapshot: u64, key: &[u8]) -> Option<&Value> {
        first_since(snapshot, self.overwritten.get(key)?)
    }

    /// The first key between the bounds, in this order, of which the snapshot sees another value than is
    /// there now, and that value.
    pub(super) fn next_seen(
        &self,
        snapshot: u64,
        bounds: (Bound<&[u8]>, Bound<&[u8]>),
        order: Order,
    ) -> Option<(&[u8], &Value)> {
        let mut between = self.overwritten.range::<[u8], _>(bounds);
        loop {
            let (key, values) = match order {
                Order::Ascending => between.next()?,
                Order::Descending => between.next_back()?,
            };
            if let Some(value) = first_since(snapshot, values) {
                return Some((key, value));
            }
        }
    }
}

fn first_since(snapshot: u64, values: &[(u64, Value)]) -> Option<&Value> {
    values.iter().find(|&&(until, _)| until >= snapshot).map(|(_, value)| value)
}
