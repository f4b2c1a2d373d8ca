use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use headwater_event::EventFilter;
use headwater_log::JetStreamLog;
use headwater_log::service::http::{ConnectionLimits, serve};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::reactor_lag::ReactorLag;
use super::reactor_metrics::ReactorMetrics;
use super::{BreakerState, Reactor, ReactorRunner, ReactorStatus};
use crate::http::{Lag, LagAnswer, ReadyWithin, RequestMetrics, figures, json, livez, measure};
use crate::metrics::Metrics;

/// A reactor over HTTP: whether it is well, and its figures.
pub struct ReactorHttp {
    source: Arc<Source>,
}

/// What all of it is of, in the names of figures and as their label.
const KIND: &str = "reactor";

/// All that the routes answer from.
struct Source {
    name: &'static str,
    filter: EventFilter,
    status: ReactorStatus,
    /// Whether it works, or stands by to do so.
    is_working: AtomicBool,
    lag: Lag,
    ready_within: ReadyWithin,
    metrics: Metrics,
    figures: ReactorMetrics,
    requests: RequestMetrics,
    connections: ConnectionLimits,
    stop: CancellationToken,
}

impl ReactorHttp {
    /// Of the reactor that this runs. It answers until `stop` is cancelled.
    #[must_use]
    pub fn new<R: Reactor>(
        runner: &ReactorRunner<R>,
        ready_within: ReadyWithin,
        connections: ConnectionLimits,
        stop: CancellationToken,
    ) -> Self {
        let status = runner.status();
        let (metrics, requests) = (Metrics::of(KIND, R::NAME), RequestMetrics::default());
        let figures = ReactorMetrics::new(status.clone(), R::VERSION);
        let lag = Lag::of(KIND);
        metrics.register(&figures);
        metrics.register(lag.metrics());
        metrics.register(&requests);
        let source = Source {
            name: R::NAME,
            filter: runner.filter().clone(),
            status,
            is_working: AtomicBool::new(false),
            lag,
            ready_within,
            metrics,
            figures,
            requests,
            connections,
            stop,
        };
        Self { source: Arc::new(source) }
    }

    /// The routes: `/livez`, `/readyz` and `/metrics`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/livez", get(livez))
            .route("/readyz", get(readyz))
            .route("/metrics", get(metrics))
            .with_state(Arc::clone(&self.source))
            .layer(from_fn_with_state(self.source.requests.clone(), measure))
    }

    /// Answers until the process ends; then it answers what is under way.
    pub fn serve(&self, listener: TcpListener) -> impl Future<Output = ()> + Send + use<> {
        let (router, source) = (self.router(), Arc::clone(&self.source));
        async move { serve(listener, router, &source.connections, source.stop.clone()).await }
    }

    /// Says that the reactor works from now on, or stands by, and asks the broker how far it is behind until the process ends.
    pub fn working(&self, log: Arc<JetStreamLog>) {
        let source = Arc::clone(&self.source);
        source.is_working.store(true, Ordering::Relaxed);
        tokio::spawn(async move {
            let asks = ReactorLag::new(source.name, log, source.filter.clone());
            let watching = source.lag.watch(source.filter.domain(), asks);
            source.stop.run_until_cancelled(watching).await;
        });
    }
}

/// `GET /readyz`: this instance does what it should.
///
/// The active one does when it is not too far behind. While the circuit breaker isn't closed, what is behind waits for somebody
/// else, and another instance could do no more. One that stands by does when the broker answers it, so that it can take over.
async fn readyz(State(source): State<Arc<Source>>) -> Response<Body> {
    let health = source.status.health();
    let standing = source.standing(health.active);
    let reasons = source.reasons_not_to_be_ready(standing, health.breaker);
    let (status, word) = match reasons.as_slice() {
        [] => (StatusCode::OK, "ready"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "not-ready"),
    };
    let ready = Ready {
        status: word,
        reasons,
        standing,
        breaker: health.breaker,
        parked_keys: health.parked_keys,
        letters: health.letters,
        lag: source.lag.answer(),
    };
    json(status, &ready)
}

/// `GET /metrics`: the figures of the process.
async fn metrics(State(source): State<Arc<Source>>) -> Response<Body> {
    source.figures.refresh();
    figures(&source.metrics)
}

impl Source {
    fn standing(&self, is_active: bool) -> Standing {
        match (self.is_working.load(Ordering::Relaxed), is_active) {
            (false, _) => Standing::Starting,
            (true, false) => Standing::Standby,
            (true, true) => Standing::Active,
        }
    }

    fn reasons_not_to_be_ready(&self, standing: Standing, breaker: BreakerState) -> Vec<String> {
        let (domain, within) = (self.filter.domain(), self.ready_within);
        let mut reasons = match (standing, breaker) {
            (Standing::Starting, _) => vec!["the reactor neither works nor stands by yet".to_owned()],
            (Standing::Active, BreakerState::Closed) => self.lag.reasons(domain, within),
            (Standing::Active | Standing::Standby, _) => self.lag.reasons_not_to_know(domain, within),
        };
        if self.stop.is_cancelled() {
            reasons.push("the process ends".to_owned());
        }
        reasons
    }
}

#[derive(Serialize)]
struct Ready {
    status: &'static str,
    reasons: Vec<String>,
    standing: Standing,
    breaker: BreakerState,
    parked_keys: u64,
    letters: u64,
    lag: Vec<LagAnswer>,
}

/// What this instance is among all of its name.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Standing {
    /// It isn't connected yet, or its contract isn't announced.
    Starting,
    /// Another instance is the active one, or the stream isn't there yet.
    Standby,
    Active,
}
