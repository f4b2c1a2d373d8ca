use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// How long anything may take that must happen, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A desk at which alerts arrive. It keeps what it has taken when its server dies.
#[derive(Clone, Default)]
pub(crate) struct Desk(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    taken: Vec<Taken>,
    /// At so many alerts it dies: it has the last one, and nobody learns it.
    dies_at: Option<usize>,
    is_dead: bool,
    /// What it answers instead of taking an alert.
    answer: Option<(StatusCode, Option<&'static str>)>,
    asked: u64,
}

/// An alert, and the key that came with it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Taken {
    pub(crate) alert: Value,
    pub(crate) key: String,
}

/// Its server, in a runtime of its own: dropped, its connections break in the middle.
pub(crate) struct DeskServer {
    runtime: Option<Runtime>,
    pub(crate) address: SocketAddr,
}

impl Desk {
    /// Opens at this port; 0 lets the system choose.
    pub(crate) fn open(&self, port: u16) -> DeskServer {
        let runtime = Runtime::new().unwrap();
        let begun = Instant::now();
        let listener = loop {
            match runtime.block_on(TcpListener::bind(("127.0.0.1", port))) {
                Ok(listener) => break listener,
                // Who had it before is just being dropped.
                Err(error) => assert!(begun.elapsed() < PATIENCE, "{error}"),
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        self.0.lock().unwrap().is_dead = false;
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/alerts", post(take)).with_state(self.clone());
        runtime.spawn(async move { axum::serve(listener, router).await });
        DeskServer { runtime: Some(runtime), address }
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.0.lock().unwrap().taken.clone()
    }

    /// How many requests came, whatever became of them.
    pub(crate) fn asked(&self) -> u64 {
        self.0.lock().unwrap().asked
    }

    pub(crate) fn dies_at(&self, alerts: usize) {
        self.0.lock().unwrap().dies_at = Some(alerts);
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.0.lock().unwrap().is_dead
    }

    pub(crate) fn answers(&self, answer: Option<(u16, Option<&'static str>)>) {
        let answer = answer.map(|(status, retry_after)| (StatusCode::from_u16(status).unwrap(), retry_after));
        self.0.lock().unwrap().answer = answer;
    }
}

impl DeskServer {
    pub(crate) fn url(&self) -> String {
        format!("http://{}/alerts", self.address)
    }
}

impl Drop for DeskServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn take(State(desk): State<Desk>, headers: HeaderMap, body: String) -> Response {
    if !desk.takes(&headers, &body) {
        std::future::pending::<()>().await;
    }
    let answer = desk.0.lock().unwrap().answer;
    match answer {
        Some((status, Some(retry_after))) => (status, [(RETRY_AFTER, retry_after)]).into_response(),
        Some((status, None)) => status.into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}

impl Desk {
    /// Whether there is anybody to answer.
    fn takes(&self, headers: &HeaderMap, body: &str) -> bool {
        let mut kept = self.0.lock().unwrap();
        kept.asked += 1;
        if kept.is_dead {
            return false;
        }
        if kept.answer.is_none() {
            assert_eq!(headers[CONTENT_TYPE], "application/json");
            let key = headers["idempotency-key"].to_str().unwrap().to_owned();
            kept.taken.push(Taken { alert: serde_json::from_str(body).unwrap(), key });
        }
        let taken = kept.taken.len();
        kept.is_dead = kept.dies_at.take_if(|dies_at| *dies_at == taken).is_some();
        !kept.is_dead
    }
}
