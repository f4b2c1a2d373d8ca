use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, Method, header};
use axum::routing::{get, post};
use headwater_log::{Log, OpenError};
use tokio::sync::Semaphore;

use super::{Limits, health, publish};
use crate::commit::Writer;
use crate::problem::{Problem, ProblemKind};
use crate::{Admission, Tokens};

/// The edge: who may publish what, and the log that it goes to.
///
/// # Example: over a log inside the process
///
/// ```
/// use std::sync::Arc;
///
/// use headwater_edge::{Admission, Edge, Limits};
/// use headwater_log::EmbeddedLog;
///
/// # async fn example(admission: Admission) -> Result<(), Box<dyn std::error::Error>> {
/// let log = Arc::new(EmbeddedLog::open("data")?);
/// let edge = Edge::new(log, admission, Limits::default());
/// edge.open().await?;
/// let router = edge.router();
/// # Ok(())
/// # }
/// ```
pub struct Edge {
    pub(super) log: Log,
    pub(super) admission: Admission,
    pub(super) tokens: Option<Tokens>,
    pub(super) writer: Writer,
    pub(super) limits: Limits,
    pub(super) under_way: Semaphore,
}

impl Edge {
    /// An edge that takes the sender's word for its source.
    #[must_use]
    pub fn new(log: Log, admission: Admission, limits: Limits) -> Self {
        let (writer, under_way) = (Writer::new(log.clone()), Semaphore::new(limits.requests_max));
        Self { log, admission, tokens: None, writer, limits, under_way }
    }

    /// The same edge, which asks for a service's token.
    #[must_use]
    pub fn with_tokens(self, tokens: Tokens) -> Self {
        Self { tokens: Some(tokens), ..self }
    }

    /// Opens the streams of all domains that events may go to, and creates those that aren't there.
    ///
    /// # Errors
    ///
    /// [`OpenError`] for the first one that can't be opened.
    pub async fn open(&self) -> Result<(), OpenError> {
        for domain in self.admission.domains() {
            self.log.open(&domain).await?;
        }
        Ok(())
    }

    /// The routes: `POST /events`, `GET /healthz`, `GET /readyz`.
    pub fn router(self) -> Router {
        Router::new()
            .route("/events", post(publish::publish).fallback(|request| only(request, "POST")))
            .route("/healthz", get(health::healthz).fallback(|request| only(request, "GET, HEAD")))
            .route("/readyz", get(health::readyz).fallback(|request| only(request, "GET, HEAD")))
            .fallback(not_found)
            .with_state(Arc::new(self))
    }
}

async fn only(request: Request, allowed: &'static str) -> Problem {
    let (method, path) = (request.method(), request.uri().path());
    let detail = format!("{path} takes {allowed}, and no {}", shown(method));
    Problem::new(ProblemKind::METHOD_NOT_ALLOWED, detail)
        .with_header(header::ALLOW, HeaderValue::from_static(allowed))
}

async fn not_found(request: Request) -> Problem {
    let detail = format!("{} names nothing; events go to /events", request.uri().path());
    Problem::new(ProblemKind::NOT_FOUND, detail)
}

/// A method may be any token of any length.
fn shown(method: &Method) -> &str {
    method.as_str().get(..16).unwrap_or(method.as_str())
}
