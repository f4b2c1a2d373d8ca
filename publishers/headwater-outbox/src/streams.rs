use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use headwater_event::Domain;
use headwater_log::{EventLog, OpenError};
use tokio::sync::OnceCell;

use crate::RelayError;
use crate::delivery::{Patience, with_causes};

/// What the relay knows of the streams that it publishes to. Each is on its own: who waits for one holds up no other.
#[derive(Default)]
pub(crate) struct Streams(Mutex<HashMap<Domain, Arc<Stream>>>);

/// What the relay knows of the stream of one domain.
#[derive(Default)]
pub(crate) struct Stream {
    opened: OnceCell<()>,
    held_up: AtomicBool,
}

impl Streams {
    pub(crate) fn of(&self, domain: &Domain) -> Arc<Stream> {
        Arc::clone(self.lock().entry(domain.clone()).or_default())
    }

    /// The domains whose streams couldn't be reached when they were last asked.
    pub(crate) fn held_up(&self) -> Vec<String> {
        let streams = self.lock();
        let held_up = streams.iter().filter(|(_, stream)| stream.held_up.load(Ordering::Relaxed));
        held_up.map(|(domain, _)| domain.to_string()).collect()
    }

    /// A panic while the lock is held leaves a map that is as good as before.
    fn lock(&self) -> MutexGuard<'_, HashMap<Domain, Arc<Stream>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream {
    /// Opens the stream, once, however long that takes.
    pub(crate) async fn open(&self, log: &dyn EventLog, domain: &Domain) -> Result<(), RelayError> {
        let opening = async || {
            let mut patience = Patience::default();
            loop {
                let opened = log.open(domain).await;
                self.note(matches!(opened, Err(OpenError::Unavailable { .. })));
                match opened {
                    Ok(_) => return Ok(()),
                    Err(error @ OpenError::Unavailable { .. }) => {
                        tracing::warn!(error = with_causes(&error), "opening the stream again");
                        patience.wait().await;
                    }
                    Err(source) => return Err(RelayError::Stream { source }),
                }
            }
        };
        self.opened.get_or_try_init(opening).await.copied()
    }

    /// Notes whether the stream could be reached.
    pub(crate) fn note(&self, held_up: bool) {
        self.held_up.store(held_up, Ordering::Relaxed);
    }
}
