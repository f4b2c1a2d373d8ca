use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use headwater_subscriber::IdempotencyKey;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, RETRY_AFTER};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::WebhookError;

/// Somebody who wants to be told, over HTTP.
pub struct Webhook {
    address: Uri,
    client: Client<HttpsConnector<HttpConnector>, String>,
    /// Before then it wants nothing.
    not_before: Mutex<Option<Instant>>,
}

/// How long a connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// How long the webhook may ask to be left alone; a mistake there must not silence us for good.
const NOT_BEFORE_MAX: Duration = Duration::from_secs(600);

impl Webhook {
    /// The webhook at this address.
    ///
    /// # Errors
    ///
    /// [`WebhookError::NoAuthorities`] when this machine has no certificates to check its own against.
    pub fn new(address: Uri) -> Result<Self, WebhookError> {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_MAX));
        connector.set_nodelay(true);
        // TLS is the outer connector's.
        connector.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_native_roots()
            .map_err(WebhookError::NoAuthorities)?
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { address, client, not_before: Mutex::default() })
    }

    /// Posts JSON, and returns when the webhook says that it has it. The key tells it what it has already.
    ///
    /// It takes as long as the webhook does: the caller has a limit.
    ///
    /// # Errors
    ///
    /// [`WebhookError`], which says whose fault it may be.
    pub async fn post(&self, json: String, key: &IdempotencyKey) -> Result<(), WebhookError> {
        if let Some(left) = self.silence_left() {
            return Err(WebhookError::NotYet { left });
        }
        let request = Request::builder()
            .method(Method::POST)
            .uri(self.address.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("idempotency-key", format!("\"{key}\""))
            .body(json)
            .map_err(WebhookError::NoRequest)?;
        let response = self.client.request(request).await.map_err(WebhookError::Unreachable)?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE {
            self.be_silent(&response);
        }
        Err(WebhookError::Answered { status })
    }

    fn silence_left(&self) -> Option<Duration> {
        let not_before = *self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
        not_before?.checked_duration_since(Instant::now())
    }

    /// Takes in what `Retry-After` says, in seconds. A date there is not read: it would need both clocks to agree.
    fn be_silent(&self, response: &Response<Incoming>) {
        let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        if let Some(wait) = seconds.map(Duration::from_secs) {
            let until = Instant::now() + wait.min(NOT_BEFORE_MAX);
            let mut not_before = self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
            *not_before = (*not_before).max(Some(until));
        }
    }
}
