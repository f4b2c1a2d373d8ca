use std::sync::Arc;

use headwater_log::{EmbeddedLog, Log};
use headwater_subscriber::http::{Queries, QueryLimits, ReadyWithin};
use headwater_subscriber::{Projector, ProjectorError, Stores};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::common::client::{Answer, PATIENCE, get, get_with};
use crate::common::shop::{paid, publish};
use crate::tally::Tally;

/// A log, a projection of it, and a server that answers for the projection.
pub(crate) struct Bed {
    pub(crate) log: Log,
    pub(crate) address: String,
    pub(crate) queries: Arc<Queries<Tally>>,
    pub(crate) stop: CancellationToken,
    position: watch::Receiver<headwater_subscriber::Positions>,
    projector: Option<Projector<Tally>>,
    building: Option<JoinHandle<Result<(), ProjectorError>>>,
    serving: JoinHandle<()>,
    _directory: TempDir,
}

impl Bed {
    /// The projection isn't built yet.
    pub(crate) async fn idle(limits: QueryLimits, within: ReadyWithin) -> Self {
        let directory = TempDir::new().unwrap();
        let log = Arc::new(EmbeddedLog::open(directory.path().join("log")).unwrap());
        let projector = Projector::<Tally>::open(&directory.path().join("data")).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let stop = CancellationToken::new();
        let queries = Queries::new(&projector, &Stores::default(), within, limits, stop.clone());
        let serving = tokio::spawn(queries.serve(listener, axum::Router::new()));
        let position = projector.position();
        Self {
            log,
            address,
            queries: Arc::new(queries),
            stop,
            position,
            projector: Some(projector),
            building: None,
            serving,
            _directory: directory,
        }
    }

    pub(crate) async fn start() -> Self {
        Self::start_with(QueryLimits::default()).await
    }

    pub(crate) async fn start_with(limits: QueryLimits) -> Self {
        let mut bed = Self::idle(limits, ReadyWithin::default()).await;
        bed.build();
        bed
    }

    /// The projection is built from now on, as a service does it.
    pub(crate) fn build(&mut self) {
        let projector = self.projector.take().unwrap();
        let (log, stop, queries) = (Arc::clone(&self.log), self.stop.clone(), Arc::clone(&self.queries));
        self.building = Some(tokio::spawn(async move {
            queries.following(Arc::clone(&log));
            let built = projector.run(log, stop).await;
            if let Err(error) = &built {
                queries.halted(error);
            }
            built
        }));
    }

    /// Stores a payment of an order, and waits until it is committed.
    pub(crate) async fn pay(&mut self, order: impl ToString, cents: u64) -> u64 {
        let sequence = publish(&self.log, paid(order, "ada", cents)).await;
        self.reaches(sequence).await;
        sequence
    }

    pub(crate) async fn reaches(&mut self, sequence: u64) {
        let reached = timeout(PATIENCE, self.position.wait_for(|at| at.of("orders") >= sequence)).await;
        reached.expect("the projection is late").expect("the projection has ended");
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        get(&self.address, path).await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &str) -> Answer {
        get_with(&self.address, path, headers).await
    }

    /// Asks until the answer is as it should be.
    pub(crate) async fn comes(&self, path: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
        let asking = async {
            loop {
                let answer = self.get(path).await;
                if wanted(&answer) {
                    return answer;
                }
                // Between two requests something must be able to change.
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, asking).await.expect("it doesn't come")
    }

    pub(crate) async fn ends(self) {
        self.stop.cancel();
        timeout(PATIENCE, self.serving).await.expect("the server doesn't end").unwrap();
    }
}
