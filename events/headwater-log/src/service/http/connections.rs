use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Response;
use axum::http::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::ConnectionLimits;
use super::timed_writes::{Answering, TimedWrites};

/// How long to wait when the system has no room for another connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves HTTP/1.1 connections until `stop` is cancelled; then no new ones, and the requests under way to their end.
///
/// It ends at the latest when those have had their time.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: &ConnectionLimits,
    stop: CancellationToken,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.headers);
    let service = TowerToHyperService::new(router);
    let room = Arc::new(Semaphore::new(limits.connections_max));
    let graceful = GracefulShutdown::new();
    while let Some(accepted) = stop.run_until_cancelled(accept(&listener, &room)).await {
        let (connection, permit) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection can't be accepted");
                sleep(PAUSE).await;
                continue;
            }
        };
        let answer = Answering::default();
        let connection = TokioIo::new(TimedWrites::new(connection, limits.answer, answer.clone()));
        let service = service.clone();
        let answering = service_fn(move |request| {
            let (answering, answer) = (service.call(request), answer.clone());
            async move {
                let response = answering.await?;
                answer.begin(has_no_end(&response));
                Ok::<_, Infallible>(response)
            }
        });
        let connection = graceful.watch(http.serve_connection(connection, answering));
        tokio::spawn(async move {
            let _permit = permit;
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection has ended early");
            }
        });
    }
    drop(listener);
    let (last, open) = (limits.ending + PAUSE, graceful.count());
    if timeout(last, graceful.shutdown()).await.is_err() {
        tracing::warn!(open, "connections were cut that hadn't ended by themselves");
    }
}

/// Whether these are server-sent events, which come for as long as the client listens.
fn has_no_end(response: &Response<Body>) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
}

/// The next connection, when there is room for it.
async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> io::Result<(TcpStream, Option<OwnedSemaphorePermit>)> {
    // Nobody closes the semaphore.
    let permit = room.clone().acquire_owned().await.ok();
    let (connection, _) = listener.accept().await?;
    connection.set_nodelay(true)?;
    Ok((connection, permit))
}
