use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Limits;
use super::timed_writes::TimedWrites;

/// How long to wait when the system has no room for another connection.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves HTTP/1.1 connections until `stop` is cancelled; then no new ones, and the requests under way to their end.
///
/// It ends at the latest when every request must have been answered.
pub async fn serve(listener: TcpListener, router: Router, limits: &Limits, stop: CancellationToken) {
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
        let connection = TokioIo::new(TimedWrites::new(connection, limits.answer));
        let connection = graceful.watch(http.serve_connection(connection, service.clone()));
        tokio::spawn(async move {
            let _permit = permit;
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection has ended early");
            }
        });
    }
    drop(listener);
    let (last, open) = (limits.request + PAUSE, graceful.count());
    if timeout(last, graceful.shutdown()).await.is_err() {
        tracing::warn!(open, "connections were cut that hadn't ended by themselves");
    }
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
