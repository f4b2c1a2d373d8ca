use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse;
use headwater_event::Envelope;
use tokio::time::Instant;

use super::Edge;
use super::answer::receipt;
use super::body;
use super::failure::problem;
use crate::admission::{Admitted, Refusal};
use crate::problem::{Problem, ProblemKind};
use crate::request::{Completion, Content, expectation};

/// `POST /events`: stores the events of a request, or says why not.
pub(super) async fn publish(State(edge): State<Arc<Edge>>, request: Request) -> Response<Body> {
    let deadline = Instant::now() + edge.limits.request;
    edge.publish(request, deadline).await.unwrap_or_else(Problem::into_response)
}

impl Edge {
    async fn publish(&self, request: Request, deadline: Instant) -> Result<Response<Body>, Problem> {
        let Ok(_room) = self.under_way.try_acquire() else {
            let detail = format!(
                "as many requests are under way as the edge takes ({}); nothing was stored",
                self.limits.requests_max
            );
            return Err(Problem::new(ProblemKind::OVERLOADED, detail));
        };
        let (parts, body) = request.into_parts();
        let headers = parts.headers;
        // Whatever can be refused is refused before the body is read.
        let caller = self.tokens.as_ref().map(|tokens| tokens.caller(&headers)).transpose()?;
        let content = Content::of(&headers)?;
        let expectation = expectation(&headers)?;
        let body = body::read(&headers, body, self.limits.body_bytes_max, deadline).await?;
        let events = content.read(&headers, &body)?;
        if events.is_empty() {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        let admitted = self.admit(caller, events, content == Content::Batch, &headers)?;
        let stored = self.writer.store(admitted, expectation, deadline).await;
        stored.map(|stored| receipt(&stored)).map_err(|error| problem(&error))
    }

    fn admit(
        &self,
        caller: Option<&str>,
        events: Vec<Envelope>,
        is_batch: bool,
        headers: &HeaderMap,
    ) -> Result<Vec<Admitted>, Problem> {
        let completion = Completion::of(headers);
        let admit = |event: Envelope| -> Result<Admitted, Refusal> {
            let Admitted { aggregate, event } = self.admission.admit(caller, event)?;
            let event = completion
                .complete(&event)
                .map_err(|error| Refusal::at(ProblemKind::MALFORMED_EVENT, "", error.to_string()))?;
            Ok(Admitted { aggregate, event })
        };
        let (mut admitted, mut refusals) = (Vec::with_capacity(events.len()), Vec::new());
        for (index, event) in events.into_iter().enumerate() {
            match admit(event) {
                Ok(event) => admitted.push(event),
                Err(refusal) => refusals.push(if is_batch { refusal.in_batch(index) } else { refusal }),
            }
        }
        Refusal::problem(refusals).map_or(Ok(admitted), Err)
    }
}
