use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::ALLOW;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use headwater_event::EventFilter;
use headwater_log::Log;
use headwater_log::service::http::{Problem, serve};
use headwater_log::service::report;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::lag::Lag;
use super::listener_metrics::ListenerMetrics;
use super::passed::PassedOver;
use super::phase::Phase;
use super::problems::{METHOD_NOT_ALLOWED, NOT_FOUND};
use super::projection_lag::ProjectionLag;
use super::request_metrics::{RequestMetrics, measure};
use super::room::Room;
use super::source::Source;
use super::state_metrics::StateMetrics;
use super::{QueryLimits, Reader, ReadyWithin, changes, health, index_page, tables};
use crate::metrics::Metrics;
use crate::{Projection, Projector, ProjectorError, Stores};

/// What all of it is of, in the names of figures and as their label.
const KIND: &str = "projection";

/// A projection over HTTP: its read API, its live changes, its health and its figures.
pub struct Queries<P> {
    reader: Reader<P>,
    filters: Vec<EventFilter>,
}

impl<P: Projection> Queries<P> {
    /// Of the projection that `projector` builds in these stores. When `stop` is cancelled, whoever waits or listens is told.
    #[must_use]
    pub fn new(
        projector: &Projector<P>,
        store: &Stores,
        ready_within: ReadyWithin,
        limits: QueryLimits,
        stop: CancellationToken,
    ) -> Self {
        let projection = projector.projection();
        let commits = projector.commits();
        commits.feed().keep(limits.changes_bytes_max);
        let metrics = Metrics::of(KIND, P::NAME);
        let (requests, listening) = (RequestMetrics::default(), ListenerMetrics::default());
        let lag = Lag::of(KIND);
        let state_metrics = StateMetrics::new(store, P::VERSION);
        metrics.register(&state_metrics);
        metrics.register(commits.metrics());
        metrics.register(lag.metrics());
        metrics.register(&requests);
        metrics.register(&listening);
        let source = Source {
            name: P::NAME,
            version: P::VERSION,
            tables: projection.tables(),
            view: projector.view(),
            position: projector.position(),
            passed: PassedOver::default(),
            partitions: projector.partitions(),
            build: projector.status(),
            commits,
            phase: watch::Sender::new(Phase::Starting),
            lag,
            ready_within,
            metrics,
            state_metrics,
            requests,
            listening,
            reads: Arc::new(Semaphore::new(limits.reads_max)),
            room: Room::new(&limits, store.snapshots_max()),
            listeners: Arc::new(Semaphore::new(limits.listeners_max)),
            limits,
            stop,
        };
        Self { reader: Reader { projection, source: Arc::new(source) }, filters: projector.filters() }
    }

    /// Reads the projection, for a service's own routes.
    #[must_use]
    pub fn reader(&self) -> Reader<P> {
        self.reader.clone()
    }

    /// All routes: `/livez`, `/readyz`, `/metrics`, those below `/v1`, and a service's own.
    ///
    /// # Panics
    ///
    /// When one of the service's own routes is one of these, or when they have a fallback.
    pub fn router(&self, own: Router) -> Router {
        let source = &self.reader.source;
        Router::new()
            .route("/livez", get(health::livez))
            .route("/readyz", get(health::readyz))
            .route("/metrics", get(health::metrics))
            .route("/v1", get(index_page::index_page))
            .route("/v1/changes", get(changes::changes))
            .route("/v1/tables/{table}/rows", get(tables::rows))
            .route("/v1/tables/{table}/rows/{key}", get(tables::row))
            .route("/v1/tables/{table}/count", get(tables::count))
            .route("/v1/tables/{table}/by/{index}", get(tables::rows))
            .route("/v1/tables/{table}/by/{index}/count", get(tables::count))
            .with_state(Arc::clone(source))
            .merge(own)
            .method_not_allowed_fallback(method_not_allowed)
            .fallback(not_found)
            .layer(from_fn_with_state(source.requests.clone(), measure))
    }

    /// Answers until the process ends; then it answers what is under way.
    pub fn serve(&self, listener: TcpListener, own: Router) -> impl Future<Output = ()> + Send + use<P> {
        let (router, source) = (self.router(own), Arc::clone(&self.reader.source));
        async move { serve(listener, router, &source.limits.connections, source.stop.clone()).await }
    }

    /// Says that the projection follows its streams from now on, and asks the log how far it is behind until the process ends.
    pub fn following(&self, log: Log) {
        let source = &self.reader.source;
        source.phase.send_replace(Phase::Following);
        for filter in &self.filters {
            let (source, domain) = (Arc::clone(source), filter.domain().clone());
            let asks = ProjectionLag::new(Arc::clone(&source), Arc::clone(&log), filter.clone());
            tokio::spawn(async move {
                source.stop.run_until_cancelled(source.lag.watch(&domain, asks)).await;
            });
        }
    }

    /// Says that the projection has halted. What it has can be read all the same.
    pub fn halted(&self, error: &ProjectorError) {
        let source = &self.reader.source;
        source.state_metrics.halted(error);
        source.phase.send_replace(Phase::Halted(report(error)));
    }
}

async fn method_not_allowed(request: Request) -> Problem {
    let method = request.method().as_str();
    let detail = format!("{} takes GET and HEAD, and no {:.16}", request.uri().path(), method);
    Problem::new(METHOD_NOT_ALLOWED, detail).with_header(ALLOW, HeaderValue::from_static("GET, HEAD"))
}

async fn not_found(request: Request) -> Problem {
    Problem::new(NOT_FOUND, format!("{} names nothing; begin with /v1", request.uri().path()))
}
