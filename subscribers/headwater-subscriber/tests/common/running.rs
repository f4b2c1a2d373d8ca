use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use headwater_log::Log;
use headwater_subscriber::{
    BuildStatus, Positions, Projection, Projector, ProjectorError, ProjectorOptions, Standing, StoreKind,
    View,
};
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
    pub(crate) position: watch::Receiver<Positions>,
    pub(crate) status: watch::Receiver<BuildStatus>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), ProjectorError>>,
}

impl<P: Projection> Running<P> {
    pub(crate) fn start(directory: &Path, log: &Log) -> Self {
        Self::start_in(StoreKind::default(), directory, log)
    }

    pub(crate) fn start_in(kind: StoreKind, directory: &Path, log: &Log) -> Self {
        Self::start_with(
            directory,
            ProjectorOptions { store: kind.into(), ..ProjectorOptions::default() },
            log,
        )
    }

    pub(crate) fn start_with(directory: &Path, options: ProjectorOptions, log: &Log) -> Self {
        Self::begin(Projector::<P>::open_with(directory, options).unwrap(), log)
    }

    pub(crate) fn begin(projector: Projector<P>, log: &Log) -> Self {
        let (projection, view) = (projector.projection(), projector.view());
        let (position, status) = (projector.position(), projector.status());
        let stop = CancellationToken::new();
        let task = tokio::spawn(projector.run(Arc::clone(log), stop.clone()));
        Self { projection, view, position, status, stop, task }
    }

    /// Waits until everything of the orders up to `sequence` is committed.
    pub(crate) async fn reaches(&mut self, sequence: u64) {
        self.reaches_in("orders", sequence).await;
    }

    pub(crate) async fn reaches_in(&mut self, domain: &str, sequence: u64) {
        let reached = timeout(LIMIT, self.position.wait_for(|at| at.of(domain) >= sequence)).await;
        if reached.expect("the projection is late").is_err() {
            panic!("the projection has ended at {}", *self.position.borrow());
        }
    }

    pub(crate) fn position(&self) -> u64 {
        self.position.borrow().of("orders")
    }

    /// Waits until the build stands so.
    pub(crate) async fn becomes(&mut self, standing: Standing) {
        let became = timeout(LIMIT, self.status.wait_for(|status| status.standing == standing)).await;
        became.expect("the build is late").expect("the build has ended");
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
