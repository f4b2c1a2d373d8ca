use std::collections::BTreeMap;
use std::fmt::Write as _;

use std::sync::Arc;

use headwater_log::StoredEvent;
use headwater_log::service::report;
use tempfile::TempDir;

use super::projected::{apply, open};
use crate::{Entry, Projection, Row, View};

/// What a projection has made of events: its rows and index entries, and why it has halted, if it has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    rows: BTreeMap<String, String>,
    halted: Option<String>,
}

/// How events are delivered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delivery {
    /// How many events share a commit, at most.
    pub(super) batch: usize,
    /// After how many commits the process ends, starts anew, and gets the events from the first one on.
    pub(super) restart_after: Option<usize>,
}

/// More differing rows than these say no more.
const ROWS_SHOWN: usize = 5;

/// A longer value is cut off.
const VALUE_SHOWN: usize = 400;

impl Outcome {
    /// Builds the projection in a directory of its own.
    pub(super) fn of<P: Projection>(events: &[StoredEvent], delivery: Delivery) -> Self {
        let directory = TempDir::new().expect("a temporary directory can be made");
        let (mut view, mut applier) = open(&Arc::new(P::new()), directory.path());
        let mut halted = None;
        for (number, batch) in events.chunks(delivery.batch.max(1)).enumerate() {
            let mut delivered = batch;
            if number > 0 && delivery.restart_after.is_some_and(|commits| number % commits == 0) {
                // As when the process is killed: nothing is flushed, and what was in its memory is gone.
                drop((view, applier));
                (view, applier) = open(&Arc::new(P::new()), directory.path());
                delivered = &events[..number * delivery.batch.max(1) + batch.len()];
            }
            if let Err(error) = apply(&mut applier, delivered) {
                halted = Some(report(&error));
                break;
            }
        }
        Self { rows: rows(&view), halted }
    }

    /// Both together, if they have no row in common. A row that they have is shown as both.
    pub(super) fn beside(mut self, other: Self) -> Self {
        for (key, value) in other.rows {
            let both =
                self.rows.remove(&key).map(|one| format!("{one} in one partition, {value} in another"));
            self.rows.insert(key, both.unwrap_or(value));
        }
        self.halted = self.halted.or(other.halted);
        self
    }

    /// What differs in `other`, beginning with the least row; nothing when they are equal.
    pub(super) fn difference(&self, other: &Self) -> Option<String> {
        if self == other {
            return None;
        }
        let mut text = String::new();
        if self.halted != other.halted {
            let said =
                |halted: &Option<String>| halted.clone().unwrap_or_else(|| "it doesn't halt".to_owned());
            let _ =
                write!(text, "\n    expected: {}\n    got:      {}", said(&self.halted), said(&other.halted));
        }
        let keys: std::collections::BTreeSet<&String> = self.rows.keys().chain(other.rows.keys()).collect();
        let differing: Vec<_> =
            keys.into_iter().filter(|key| self.rows.get(*key) != other.rows.get(*key)).collect();
        for key in differing.iter().take(ROWS_SHOWN) {
            let shown = |rows: &BTreeMap<String, String>| match rows.get(*key) {
                Some(value) => value.chars().take(VALUE_SHOWN).collect(),
                None => "no row".to_owned(),
            };
            let _ = write!(
                text,
                "\n  {key}\n    expected: {}\n    got:      {}",
                shown(&self.rows),
                shown(&other.rows)
            );
        }
        if differing.len() > ROWS_SHOWN {
            let _ = write!(text, "\n  and {} rows more", differing.len() - ROWS_SHOWN);
        }
        Some(text)
    }
}

/// Which event this is, in a message.
pub(super) fn name(event: &StoredEvent) -> String {
    let data = String::from_utf8_lossy(event.envelope.data());
    format!("{} {}", event.envelope.type_name(), data.chars().take(VALUE_SHOWN).collect::<String>())
}

/// The events as a log keeps them. A check of none could find nothing.
pub(super) fn stored(events: impl IntoIterator<Item = impl Into<super::Given>>) -> Vec<StoredEvent> {
    let stored = |(sequence, event): (u64, _)| Into::<super::Given>::into(event).stored(sequence);
    let events: Vec<_> = (1..).zip(events).map(stored).collect();
    assert!(!events.is_empty(), "there is nothing to check without events");
    events
}

/// The least number up to `all` for which something holds that holds for `all`; with each number for which it
/// doesn't hold, it mostly holds for none that is less.
pub(super) fn least(all: usize, mut holds: impl FnMut(usize) -> bool) -> usize {
    let (mut fails, mut holding) = (0, all);
    while holding - fails > 1 {
        let middle = fails + (holding - fails) / 2;
        if holds(middle) { holding = middle } else { fails = middle }
    }
    holding
}

/// The rows by their tables and keys, and what is in the indexes.
fn rows(view: &View) -> BTreeMap<String, String> {
    let tables = view.tables().expect("the tables can be listed");
    let row = |row: Result<Row, _>| {
        let row = row.expect("the row can be read");
        (format!("{} {:?}", row.table, row.key), row.value.get().to_owned())
    };
    let entry = |(key, value): Entry| {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\0', " ");
        (text(&key), text(&value))
    };
    let indexed = view.index_entries().expect("the indexes can be read");
    tables
        .iter()
        .flat_map(|table| view.rows(table, ""))
        .map(row)
        .chain(indexed.into_iter().map(entry))
        .collect()
}
