use std::io;
use std::net::SocketAddr;

use tokio::net::TcpListener;

/// Listens on `address`, which the option `option` names. With port 0 the system chooses one.
///
/// # Errors
///
/// [`BindError`] when the address is taken, or isn't one of this machine's.
pub async fn bind(address: SocketAddr, option: &'static str) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|source| BindError { address, option, source })
}

/// That nobody can listen there.
#[derive(Debug, thiserror::Error)]
#[error("can't listen on {address}; name another address with {option}")]
pub struct BindError {
    /// Where.
    pub address: SocketAddr,
    /// The option that names it.
    pub option: &'static str,
    /// What the operating system reports.
    pub source: io::Error,
}
