use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::metrics::Measured;

/// What is asked over HTTP.
#[derive(Debug, Clone)]
pub(crate) struct RequestMetrics {
    requests: Family<Answered, Counter>,
    in_flight: Family<Asked, Gauge>,
    duration: Family<Asked, Histogram, fn() -> Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    route: String,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asked {
    route: String,
}

impl Default for RequestMetrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            in_flight: Family::default(),
            // From 0.5 ms to 16 s: requests may wait for a position.
            duration: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.0005, 2.0, 16))),
        }
    }
}

impl Measured for RequestMetrics {
    fn register(&self, registry: &mut Registry) {
        registry.register("http_requests", "Requests that were answered", self.requests.clone());
        registry.register(
            "http_requests_in_flight",
            "Requests that have no answer yet, also those that wait for a position",
            self.in_flight.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "How long it took until the answer began",
            Unit::Seconds,
            self.duration.clone(),
        );
    }
}

/// Counts a request, and measures how long it takes.
pub(crate) async fn measure(State(metrics): State<RequestMetrics>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    // Only routes, never paths: there are as many paths as clients can think of.
    let matched = request.extensions().get::<MatchedPath>();
    // Not every reader of figures reads braces in a label: `/v1/tables/:table/count`.
    let route =
        matched.map_or_else(|| "none".to_owned(), |path| path.as_str().replace('{', ":").replace('}', ""));
    let method = match *request.method() {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    };
    let RequestMetrics { requests, in_flight, duration } = &metrics;
    let in_flight = InFlight::begin(in_flight.get_or_create(&Asked { route: route.clone() }).clone());
    let response = next.run(request).await;
    drop(in_flight);
    duration.get_or_create(&Asked { route: route.clone() }).observe(begun.elapsed().as_secs_f64());
    requests.get_or_create(&Answered { route, method, status: response.status().as_u16() }).inc();
    response
}

/// A request that has no answer yet. It is dropped without one when its client goes away.
struct InFlight(Gauge);

impl InFlight {
    fn begin(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
