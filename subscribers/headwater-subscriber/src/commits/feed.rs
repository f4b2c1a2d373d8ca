use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::watch;

use crate::Positions;
use crate::store::Write;

/// The last commits, for as long as somebody listens: those that fit in a number of bytes.
#[derive(Debug)]
pub(crate) struct Feed {
    ring: Mutex<Ring>,
    /// How many commits there have been.
    pub(super) grown: watch::Sender<u64>,
    bytes_max: AtomicUsize,
    /// Which feed this is: what another process has said of its feed isn't known in this one.
    name: String,
}

#[derive(Debug, Default)]
pub(super) struct Ring {
    pub(super) commits: VecDeque<Arc<CommittedRows>>,
    /// The number of the first one.
    pub(super) first: u64,
    bytes: usize,
    pub(super) listeners: usize,
}

/// What a commit has changed.
#[derive(Debug)]
pub(crate) struct CommittedRows {
    /// The position after it.
    pub(crate) positions: Positions,
    /// The rows, by table and key.
    pub(crate) changes: Vec<Change>,
}

/// A row that was written, or removed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Change {
    pub(crate) table: String,
    pub(crate) key: String,
    pub(crate) value: Option<Box<RawValue>>,
}

/// How many bytes of changes are kept, unless it is said otherwise.
const BYTES_MAX: usize = 8 * 1024 * 1024;

/// What a change takes besides its texts, about.
const CHANGE_BYTES: usize = 96;

impl Default for Feed {
    fn default() -> Self {
        /// When this process began.
        static PROCESS: LazyLock<u128> =
            LazyLock::new(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros());
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let name = format!("{:x}-{}", *PROCESS, NEXT.fetch_add(1, Ordering::Relaxed));
        Self {
            ring: Mutex::default(),
            grown: watch::Sender::new(0),
            bytes_max: AtomicUsize::new(BYTES_MAX),
            name,
        }
    }
}

impl Feed {
    /// Keeps at most this many bytes of changes from now on.
    pub(crate) fn keep(&self, bytes_max: usize) {
        self.bytes_max.store(bytes_max, Ordering::Relaxed);
    }

    pub(crate) fn is_heard(&self) -> bool {
        self.ring().listeners > 0
    }

    pub(super) fn push(&self, commit: CommittedRows) {
        let mut ring = self.ring();
        if ring.listeners == 0 {
            // It is counted all the same: whoever comes back hasn't heard it.
            ring.first += 1;
            return;
        }
        ring.bytes += commit.bytes();
        ring.commits.push_back(Arc::new(commit));
        while ring.bytes > self.bytes_max.load(Ordering::Relaxed) {
            let Some(oldest) = ring.commits.pop_front() else { break };
            ring.bytes -= oldest.bytes();
            ring.first += 1;
        }
        let end = ring.end();
        drop(ring);
        self.grown.send_replace(end);
    }

    /// Lets everybody begin anew, because what comes doesn't follow on what was.
    pub(super) fn restart(&self) {
        let mut ring = self.ring();
        // One number is left out, so that nobody goes on where it was.
        (ring.first, ring.bytes) = (ring.end() + 1, 0);
        ring.commits.clear();
        let end = ring.end();
        drop(ring);
        self.grown.send_replace(end);
    }

    /// The name of the point before the commit of this number, by which a client that comes back says up to where it has heard.
    pub(super) fn id(&self, next: u64, positions: &Positions) -> String {
        format!("{}.{next}/{positions}", self.name)
    }

    pub(super) fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    /// The number of the next commit.
    pub(super) fn end(&self) -> u64 {
        self.first + self.commits.len() as u64
    }

    pub(super) fn leave(&mut self) {
        self.listeners -= 1;
        if self.listeners == 0 {
            (self.first, self.bytes) = (self.end(), 0);
            self.commits.clear();
        }
    }
}

impl CommittedRows {
    fn bytes(&self) -> usize {
        let bytes = |change: &Change| {
            let value = change.value.as_ref().map_or(0, |value| value.get().len());
            change.table.len() + change.key.len() + value + CHANGE_BYTES
        };
        CHANGE_BYTES + self.changes.iter().map(bytes).sum::<usize>()
    }
}

impl Change {
    /// How many rows the writes write or remove.
    pub(super) fn count(writes: &[Write]) -> usize {
        writes.iter().filter(|write| is_row(write)).count()
    }

    /// The rows among the writes, in the order in which they are read.
    pub(super) fn all(writes: &[Write]) -> Vec<Self> {
        let mut rows: Vec<_> = writes.iter().filter(|write| is_row(write)).collect();
        rows.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        rows.into_iter().filter_map(Self::of).collect()
    }

    fn of(Write { key, value }: &Write) -> Option<Self> {
        let key = std::str::from_utf8(key).ok()?;
        let (table, key) = key.split_once('\0')?;
        // Our own encoder has written it.
        let value = value.as_ref().map(|value| serde_json::from_slice(value)).transpose().ok()?;
        Some(Self { table: table.to_owned(), key: key.to_owned(), value })
    }
}

/// Tables have names; what else is kept begins with a zero byte.
fn is_row(write: &Write) -> bool {
    write.key.first().is_some_and(|&byte| byte != 0)
}
