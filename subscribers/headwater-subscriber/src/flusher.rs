use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crate::{Store, StoreError};

/// Makes commits durable now and then, on a thread of its own: a store such as sled takes small batches faster than it makes them durable, and a
/// disk that is busy would hold up every event that comes meanwhile.
#[derive(Debug)]
pub(crate) struct Flusher {
    store: Arc<dyn Store>,
    /// Since the last flush began.
    unflushed: Unflushed,
    flushing: Option<JoinHandle<Result<(), StoreError>>>,
}

/// What was committed.
#[derive(Debug, Default)]
struct Unflushed {
    commits: usize,
    rows: usize,
}

/// With so much, a flush begins: what a crash would have to replay stays short, and a flush quick.
const MUCH: Unflushed = Unflushed { commits: 200, rows: 20_000 };

/// With so much, commits wait for the flush before.
const TOO_MUCH: Unflushed = Unflushed { commits: 2000, rows: 40_000 };

impl Unflushed {
    fn reaches(&self, limit: &Self) -> bool {
        self.commits >= limit.commits || self.rows >= limit.rows
    }
}

impl Flusher {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, unflushed: Unflushed::default(), flushing: None }
    }

    /// One more commit, of so many rows.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the flush before has failed.
    pub(crate) fn committed(&mut self, rows: usize) -> Result<(), StoreError> {
        self.unflushed.commits += 1;
        self.unflushed.rows += rows;
        let is_flushing = self.flushing.as_ref().is_some_and(|flushing| !flushing.is_finished());
        let limit = if is_flushing { &TOO_MUCH } else { &MUCH };
        if !self.unflushed.reaches(limit) {
            return Ok(());
        }
        self.ends()?;
        self.unflushed = Unflushed::default();
        let store = Arc::clone(&self.store);
        match thread::Builder::new().name("flush".to_owned()).spawn(move || store.flush()) {
            Ok(flushing) => self.flushing = Some(flushing),
            // Without a thread, the commit waits.
            Err(_) => self.store.flush()?,
        }
        Ok(())
    }

    /// Makes all commits durable.
    pub(crate) fn flush(&mut self) -> Result<(), StoreError> {
        self.ends()?;
        self.unflushed = Unflushed::default();
        self.store.flush()
    }

    /// Waits for the flush that is under way.
    fn ends(&mut self) -> Result<(), StoreError> {
        match self.flushing.take().map(JoinHandle::join) {
            None => Ok(()),
            Some(Ok(flushed)) => flushed,
            Some(Err(_)) => Err(StoreError::Failed("the thread that flushes the store has panicked".into())),
        }
    }
}

/// Whoever lets go of a store finds it closed.
impl Drop for Flusher {
    fn drop(&mut self) {
        self.ends().ok();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Condvar, Mutex};

    use super::*;
    use crate::{Snapshot, Write};

    /// A store whose disk is as slow as a test wants it.
    #[derive(Debug, Default)]
    struct Slow {
        begun: AtomicUsize,
        done: AtomicUsize,
        stands_still: Mutex<bool>,
        goes_on: Condvar,
    }

    impl Slow {
        fn stands_still(&self, stands_still: bool) {
            *self.stands_still.lock().unwrap() = stands_still;
            self.goes_on.notify_all();
        }
    }

    impl Store for Slow {
        fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
            Err(StoreError::Failed("nobody reads".into()))
        }

        fn commit(&self, _: Vec<Write>) -> Result<(), StoreError> {
            Ok(())
        }

        fn flush(&self) -> Result<(), StoreError> {
            self.begun.fetch_add(1, Ordering::Relaxed);
            drop(self.goes_on.wait_while(self.stands_still.lock().unwrap(), |stands| *stands).unwrap());
            match self.done.fetch_add(1, Ordering::Relaxed) {
                7 => Err(StoreError::Failed("the disk is full".into())),
                _ => Ok(()),
            }
        }
    }

    #[test]
    fn commits_go_on_while_the_disk_stands_still_up_to_a_limit() {
        let store = Arc::new(Slow::default());
        let mut flusher = Flusher::new(store.clone());
        store.stands_still(true);
        // Were one of these to wait, the test would not end.
        (1..MUCH.commits + TOO_MUCH.commits).for_each(|_| flusher.committed(1).unwrap());
        assert_eq!(store.done.load(Ordering::Relaxed), 0);
        let waiting = thread::spawn(move || {
            flusher.committed(1).unwrap();
            flusher
        });
        store.stands_still(false);
        let mut flusher = waiting.join().unwrap();
        assert!(store.done.load(Ordering::Relaxed) >= 1);
        flusher.flush().unwrap();
        assert_eq!(store.done.load(Ordering::Relaxed), store.begun.load(Ordering::Relaxed));
    }

    #[test]
    fn a_flush_that_fails_is_said_to_who_commits_next() {
        let store = Arc::new(Slow::default());
        store.done.store(7, Ordering::Relaxed);
        let mut flusher = Flusher::new(store);
        flusher.committed(MUCH.rows).unwrap();
        let said = (0..).find_map(|_| flusher.committed(MUCH.rows).err()).unwrap();
        assert!(headwater_log::service::report(&said).contains("the disk is full"), "{said:?}");
    }
}
