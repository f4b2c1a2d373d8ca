use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use headwater_log::Log;
use headwater_subscriber::{Projection, Projector, ProjectorError, StoreKind, View};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Long enough for a busy machine; nothing waits for it when all is well.
const LIMIT: Duration = Duration::from_secs(60);

/// A projector at work.
pub(crate) struct Running<P> {
    pub(crate) projection: Arc<P>,
    pub(crate) view: View,
    position: watch::Receiver<u64>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), ProjectorError>>,
}

impl<P: Projection> Running<P> {
    pub(crate) fn start(directory: &Path, log: &Log) -> Self {
        Self::start_in(StoreKind::default(), directory, log)
    }

    pub(crate) fn start_in(kind: StoreKind, directory: &Path, log: &Log) -> Self {
        let projector = Projector::<P>::open_in(kind, directory).unwrap();
        let (projection, view, position) = (projector.projection(), projector.view(), projector.position());
        let stop = CancellationToken::new();
        let task = tokio::spawn(projector.run(Arc::clone(log), stop.clone()));
        Self { projection, view, position, stop, task }
    }

    /// Waits until everything up to `sequence` is committed.
    pub(crate) async fn reaches(&mut self, sequence: u64) {
        let reached = timeout(LIMIT, self.position.wait_for(|&position| position >= sequence)).await;
        if reached.expect("the projection is late").is_err() {
            panic!("the projection has ended at {}", *self.position.borrow());
        }
    }

    pub(crate) fn position(&self) -> u64 {
        *self.position.borrow()
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.ends().await.unwrap();
    }

    /// Waits until the projection ends by itself.
    pub(crate) async fn halts(self) -> ProjectorError {
        self.ends().await.unwrap_err()
    }

    async fn ends(self) -> Result<(), ProjectorError> {
        timeout(LIMIT, self.task).await.expect("the projection doesn't end").unwrap()
    }
}
