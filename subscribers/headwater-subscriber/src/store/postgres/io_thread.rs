use std::sync::mpsc;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::PostgresStoreError;

/// A thread with a runtime of its own, on which a store speaks with its database.
///
/// Whoever calls the store waits on a channel, so it may be called from any thread: in a runtime or out of any, also
/// from one that must not block on a future. It ends when it is dropped.
pub(super) struct IoThread {
    handle: Handle,
    _alive: oneshot::Sender<()>,
}

impl IoThread {
    pub(super) fn start() -> Result<Self, PostgresStoreError> {
        let start = || {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let handle = runtime.handle().clone();
            let (alive, end) = oneshot::channel::<()>();
            let name = "headwater-postgres".to_owned();
            thread::Builder::new().name(name).spawn(move || runtime.block_on(end).ok())?;
            Ok(Self { handle, _alive: alive })
        };
        start().map_err(|source| PostgresStoreError::Thread { source })
    }

    /// Does the work over there, and waits for what comes of it.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, PostgresStoreError> {
        let (done, result) = mpsc::sync_channel(1);
        self.handle.spawn(async move { done.send(work.await).ok() });
        result.recv().map_err(|_| PostgresStoreError::ThreadEnded)
    }

    /// Does the work over there, some time.
    pub(super) fn start_work(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(work);
    }
}
