use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use serde::Serialize;

use super::answer::json;
use super::lag::LagAnswer;
use super::lag_metrics::ByDomain;
use super::phase::Phase;
use super::source::Source;
use crate::metrics::Metrics;
use crate::{BuildStatus, Positions, Standing};

/// How far a projection or a reactor may be behind and still be ready.
#[derive(Debug, Clone, Copy)]
pub struct ReadyWithin {
    /// In events.
    pub events: u64,
    /// The age of the oldest event that is yet to take effect.
    pub age: Duration,
}

impl Default for ReadyWithin {
    /// 1,000 events, 10 s.
    fn default() -> Self {
        Self { events: 1000, age: Duration::from_secs(10) }
    }
}

/// `GET /livez`: the process answers.
///
/// Also when a projection has halted. An orchestrator restarts what isn't alive, and a projection that can't get past an
/// event halts in front of it again; meanwhile nobody could read what it has. That it has halted, `/readyz` says, and the
/// metric `headwater_projection_halted`. What a restart may cure ends the process by itself.
pub(crate) async fn livez() -> Response<Body> {
    json(StatusCode::OK, &Live { status: "alive" })
}

/// `GET /readyz`: the projection is as new as it must be.
pub(super) async fn readyz(State(source): State<Arc<Source>>) -> Response<Body> {
    let reasons = source.reasons_not_to_be_ready();
    let (status, word) = match reasons.as_slice() {
        [] => (StatusCode::OK, "ready"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "not-ready"),
    };
    let (positions, lag) = (source.positions(), source.lag.answer());
    json(status, &Ready { status: word, reasons, positions, lag })
}

/// `GET /metrics`: the figures of the process.
pub(super) async fn metrics(State(source): State<Arc<Source>>) -> Response<Body> {
    for (domain, sequence) in source.positions().iter() {
        let by_domain = ByDomain { domain: domain.to_string() };
        source.state_metrics.position.get_or_create(&by_domain).set(sequence);
    }
    source.state_metrics.build(&source.build.borrow());
    source.state_metrics.partitions(source.partitions.borrow().here.len());
    figures(&source.metrics)
}

/// All figures, as Prometheus reads them.
pub(crate) fn figures(metrics: &Metrics) -> Response<Body> {
    match metrics.text() {
        Ok(text) => {
            let mut response = Response::new(Body::from(text));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(Metrics::MEDIA_TYPE));
            response
        }
        Err(error) => {
            tracing::error!(%error, "the figures can't be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

impl Source {
    fn reasons_not_to_be_ready(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        match &*self.phase.borrow() {
            Phase::Starting => reasons.push("the projection doesn't follow its streams yet".to_owned()),
            Phase::Following => {}
            Phase::Halted(reason) => reasons.push(reason.clone()),
        }
        if self.stop.is_cancelled() {
            reasons.push("the process ends".to_owned());
        }
        {
            let BuildStatus { build, standing, .. } = &*self.build.borrow();
            if *standing != Standing::Live {
                reasons.push(format!("the build {build} is {standing}, and another one is live"));
            }
        }
        if self.partitions.borrow().here.is_empty() && !self.is_standby() {
            reasons.push("no partition is here yet, and others have not got them all".to_owned());
        }
        if self.is_standby() {
            // Nothing is behind where nothing is; it can take over.
            return reasons;
        }
        for (domain, _) in self.positions().iter() {
            reasons.extend(self.lag.reasons(domain, self.ready_within));
        }
        reasons
    }
}

#[derive(Serialize)]
struct Live {
    status: &'static str,
}

#[derive(Serialize)]
struct Ready {
    status: &'static str,
    reasons: Vec<String>,
    positions: Positions,
    lag: Vec<LagAnswer>,
}
