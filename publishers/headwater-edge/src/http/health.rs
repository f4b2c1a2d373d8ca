use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Response};
use headwater_log::service::report;
use tokio::time::timeout;

use super::Edge;
use crate::problem::{Problem, ProblemKind};

/// How long the broker may take to show that it is there.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// `GET /healthz`: the process answers.
pub(super) async fn healthz() -> Response<Body> {
    json(r#"{"status":"alive"}"#)
}

/// `GET /readyz`: the broker answers for every stream that events may go to.
pub(super) async fn readyz(State(edge): State<Arc<Edge>>) -> Result<Response<Body>, Problem> {
    let asked = async {
        for domain in edge.admission.domains() {
            edge.log.info(&domain).await.map_err(|error| report(&error))?;
        }
        Ok(())
    };
    let answered = timeout(READY_WITHIN, asked).await;
    let answered = answered.unwrap_or_else(|_| Err("the log didn't answer in time".to_owned()));
    answered.map_err(|problem| Problem::new(ProblemKind::UNAVAILABLE, problem))?;
    Ok(json(r#"{"status":"ready"}"#))
}

fn json(text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
