use axum::Router;
use headwater_log::service::http::{self, ConnectionLimits};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Limits;

/// Serves HTTP/1.1 connections until `stop` is cancelled; then no new ones, and the requests under way to their end.
///
/// It ends at the latest when every request must have been answered.
pub async fn serve(listener: TcpListener, router: Router, limits: &Limits, stop: CancellationToken) {
    let Limits { request: ending, connections_max, headers, answer, .. } = *limits;
    http::serve(listener, router, &ConnectionLimits { connections_max, headers, answer, ending }, stop).await;
}
