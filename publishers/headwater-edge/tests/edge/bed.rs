use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};
use headwater_contract::Contract;
use headwater_edge::{Admission, Edge, Limits, Tokens, load_registry};
use headwater_event::{Aggregate, Domain, Envelope};
use headwater_log::{EmbeddedLog, Log};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::answer::Answer;

pub(crate) const FLIGHT: &str = "2013-01-01-UA-1545-EWR-0515";
pub(crate) const OTHER_FLIGHT: &str = "2013-01-01-UA-1714-LGA-0529";

pub(crate) const GATE_AGENT: &str = r#"
[service]
name = "gate-agent"
owner = "ground"
domain = "flights"

[publishes]
"flights.flight.departed" = 2
"flights.flight.cancelled" = 1
"#;

pub(crate) const BUOY: &str = r#"
[service]
name = "buoy"
owner = "meteorology"
domain = "weather"

[publishes]
"weather.station.observed" = 1
"#;

pub(crate) fn registry() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/registry")
}

pub(crate) fn admission() -> Admission {
    let contracts = [GATE_AGENT, BUOY].map(|text| Contract::parse(Path::new("contract.toml"), text).unwrap());
    Admission::new(&load_registry(&registry()).unwrap(), &contracts).unwrap()
}

/// An edge, and the log behind it.
pub(crate) struct Bed {
    pub(crate) log: Log,
    router: Router,
    _directory: Option<TempDir>,
}

impl Bed {
    /// Over a log inside the process.
    pub(crate) async fn start() -> Self {
        Self::with(Limits::default(), None).await
    }

    pub(crate) async fn with(limits: Limits, tokens: Option<Tokens>) -> Self {
        let directory = TempDir::new().unwrap();
        let log = Arc::new(EmbeddedLog::open(directory.path()).unwrap());
        let mut bed = Self::over(log, limits, tokens).await;
        bed._directory = Some(directory);
        bed
    }

    pub(crate) async fn over(log: Log, limits: Limits, tokens: Option<Tokens>) -> Self {
        let edge = Edge::new(log.clone(), admission(), limits);
        edge.open().await.unwrap();
        let edge = match tokens {
            Some(tokens) => edge.with_tokens(tokens),
            None => edge,
        };
        Self { log, router: edge.router(), _directory: None }
    }

    /// The same log behind another edge, which knows nothing of what this one has stored.
    pub(crate) async fn another_edge(&self) -> Self {
        Self::over(self.log.clone(), Limits::default(), None).await
    }

    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        Answer::of(self.router.clone().oneshot(request).await.unwrap()).await
    }

    pub(crate) async fn post(&self, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        self.send(request(headers, body)).await
    }

    /// Sends one event in structured mode.
    pub(crate) async fn structured(&self, event: &Value) -> Answer {
        self.structured_with(&[], event).await
    }

    pub(crate) async fn structured_with(&self, headers: &[(&str, &str)], event: &Value) -> Answer {
        let mut all = vec![("content-type", "application/cloudevents+json")];
        all.extend(headers);
        self.post(&all, event.to_string()).await
    }

    pub(crate) async fn batch(&self, events: &[Value]) -> Answer {
        let content_type = ("content-type", "application/cloudevents-batch+json");
        self.post(&[content_type], json!(events).to_string()).await
    }

    /// All events of a flight, as they are stored.
    pub(crate) async fn events_of(&self, flight: &str) -> Vec<Envelope> {
        let aggregate = Aggregate::new(flights(), "flight", flight).unwrap();
        self.log.load(&aggregate, 0).await.unwrap().into_iter().map(|event| event.envelope).collect()
    }

    /// How many events the domain's stream has.
    pub(crate) async fn count(&self) -> u64 {
        self.log.info(&flights()).await.unwrap().last
    }
}

pub(crate) fn flights() -> Domain {
    "flights".parse().unwrap()
}

pub(crate) fn request(headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post("/events").body(body.into()).unwrap();
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        let name: HeaderName = name.parse().unwrap();
        all.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    *request.headers_mut() = all;
    request
}

/// A valid event: a departure with this id.
pub(crate) fn departed(id: &str, flight: &str) -> Value {
    json!({
        "specversion": "1.0",
        "id": id,
        "source": "/gate-agent",
        "type": "dev.headwater.flights.flight.departed.v2",
        "subject": flight,
        "time": "2013-01-01T10:17:00Z",
        "datacontenttype": "application/json",
        "data": { "flight": flight, "departed_at": "2013-01-01T10:17:00Z", "delay_minutes": 2 },
    })
}

/// The event with some members exchanged; `null` removes one.
pub(crate) fn with(mut event: Value, members: Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        match value {
            Value::Null => event.as_object_mut().unwrap().remove(name),
            value => event.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    event
}
