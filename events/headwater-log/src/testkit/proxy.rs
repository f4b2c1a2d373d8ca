use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::TestkitError;

const CHUNK_BYTES: usize = 64 * 1024;

/// A TCP proxy between a client and a server, which loses, cuts and refuses on command.
///
/// The testkit's servers advertise no addresses to clients, so a client that was given only this proxy's
/// [`url`](Self::url) reconnects through it, and never around it. The faults work on bytes: under TLS,
/// [`cut_after`](Self::cut_after) finds nothing.
///
/// # Example: an acknowledgement that is lost
///
/// ```no_run
/// # async fn example(server: headwater_log::testkit::Server) -> Result<(), Box<dyn std::error::Error>> {
/// use headwater_log::testkit::Proxy;
///
/// let proxy = Proxy::start(server.port()).await?;
/// let client = async_nats::connect(proxy.url()).await?;
/// proxy.drop_replies();
/// // ... publish: the server stores the message, and the client never learns it ...
/// proxy.restore();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    faults: Arc<Mutex<Faults>>,
    _running: DropGuard,
}

impl Proxy {
    /// Starts a proxy on a free port of 127.0.0.1, in front of the server on port `upstream_port`.
    ///
    /// It runs on the current Tokio runtime until it is dropped.
    ///
    /// # Errors
    ///
    /// [`TestkitError::Io`] when it can't listen.
    pub async fn start(upstream_port: u16) -> Result<Self, TestkitError> {
        // The listener holds this port until the end, so it needs no reservation.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(TestkitError::io("listen on", "127.0.0.1"))?;
        let port = listener.local_addr().map_err(TestkitError::io("listen on", "127.0.0.1"))?.port();
        let running = CancellationToken::new();
        let faults = Arc::new(Mutex::new(Faults::none(running.child_token())));
        tokio::spawn(running.clone().run_until_cancelled_owned(accept_all(
            listener,
            upstream_port,
            faults.clone(),
        )));
        Ok(Self { port, faults, _running: running.drop_guard() })
    }

    /// Where clients connect: `nats://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Closes every connection now; new ones are accepted.
    pub fn cut(&self) {
        self.faults().cut();
    }

    /// From now on closes every new connection at once, until [`accept`](Self::accept); open ones stay.
    pub fn refuse(&self) {
        self.faults().refuse = true;
    }

    /// Takes new connections again.
    pub fn accept(&self) {
        self.faults().refuse = false;
    }

    /// From now on swallows what the server sends, until [`restore`](Self::restore); what clients send still
    /// arrives.
    pub fn drop_replies(&self) {
        self.faults().swallow = true;
    }

    /// Lets replies pass again, and closes every connection: half a reply would confuse the client.
    pub fn restore(&self) {
        let mut faults = self.faults();
        faults.swallow = false;
        faults.cut();
    }

    /// Closes the connection on which a client next sends these bytes, once.
    ///
    /// What came before the pattern is forwarded, the pattern itself isn't (except for a beginning that came in an
    /// earlier packet). The server discards the message that it got a part of, so the pattern should be something
    /// inside the message, such as a header. A later call replaces the pattern; an empty one matches nothing.
    pub fn cut_after(&self, pattern: &[u8]) {
        self.faults().pattern = Some(pattern.to_vec()).filter(|pattern| !pattern.is_empty());
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }
}

/// What the proxy does wrong at the moment.
#[derive(Debug)]
struct Faults {
    refuse: bool,
    swallow: bool,
    pattern: Option<Vec<u8>>,
    /// Cancelled when the proxy is dropped.
    running: CancellationToken,
    /// Cancelled when the connections of now are cut.
    connections: CancellationToken,
}

impl Faults {
    fn none(running: CancellationToken) -> Self {
        let connections = running.child_token();
        Self { refuse: false, swallow: false, pattern: None, running, connections }
    }

    fn cut(&mut self) {
        std::mem::replace(&mut self.connections, self.running.child_token()).cancel();
    }
}

fn lock(faults: &Mutex<Faults>) -> MutexGuard<'_, Faults> {
    // A test that panicked says what is wrong; a poisoned lock would only hide it.
    faults.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept_all(listener: TcpListener, upstream_port: u16, faults: Arc<Mutex<Faults>>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let (refuse, alive) = {
            let faults = lock(&faults);
            (faults.refuse, faults.connections.child_token())
        };
        if refuse {
            continue;
        }
        let faults = faults.clone();
        tokio::spawn(async move {
            // The first of the two directions that ends closes both sides.
            alive.clone().run_until_cancelled_owned(carry(client, upstream_port, alive, faults)).await;
        });
    }
}

async fn carry(client: TcpStream, upstream_port: u16, alive: CancellationToken, faults: Arc<Mutex<Faults>>) {
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream_port)).await else { return };
    client.set_nodelay(true).and_then(|()| server.set_nodelay(true)).ok();
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    tokio::select! {
        () = carry_requests(client_reads, server_writes, &alive, &faults) => {}
        () = carry_replies(server_reads, client_writes, &alive, &faults) => {}
    }
}

async fn carry_requests(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    alive: &CancellationToken,
    faults: &Mutex<Faults>,
) {
    let mut chunk = vec![0; CHUNK_BYTES];
    // The end of what was forwarded, in which a pattern may have begun.
    let mut seen = Vec::new();
    while let Some(bytes) = read(&mut from, &mut chunk, alive).await {
        let cut_at = {
            let mut faults = lock(faults);
            let found = faults.pattern.as_deref().and_then(|pattern| find(pattern, &mut seen, bytes));
            if found.is_some() {
                faults.pattern = None;
            }
            found
        };
        let forwarded = to.write_all(&bytes[..cut_at.unwrap_or(bytes.len())]).await;
        if forwarded.is_err() {
            return;
        }
        if cut_at.is_some() {
            // Closed in order, so that what was forwarded still arrives.
            to.shutdown().await.ok();
            return;
        }
    }
}

async fn carry_replies(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    alive: &CancellationToken,
    faults: &Mutex<Faults>,
) {
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Some(bytes) = read(&mut from, &mut chunk, alive).await {
        if lock(faults).swallow {
            continue;
        }
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}

/// The next bytes; `None` at the end, after an error, and when the connection was cut.
async fn read<'a>(
    from: &mut (impl AsyncRead + Unpin),
    chunk: &'a mut [u8],
    alive: &CancellationToken,
) -> Option<&'a [u8]> {
    let length = from.read(chunk).await.ok()?;
    (length > 0 && !alive.is_cancelled()).then(|| &chunk[..length])
}

/// Where in `bytes` the pattern begins: 0 when it began in `seen`, the end of the bytes before.
fn find(pattern: &[u8], seen: &mut Vec<u8>, bytes: &[u8]) -> Option<usize> {
    let seen_before = seen.len();
    seen.extend_from_slice(bytes);
    let found = seen.windows(pattern.len()).position(|window| window == pattern);
    // Keep what may be the beginning of a pattern, and no more.
    seen.drain(..seen.len().saturating_sub(pattern.len() - 1));
    found.map(|start| start.saturating_sub(seen_before))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_pattern_inside_one_packet() {
        assert_eq!(find(b"cut", &mut Vec::new(), b"PUB a cut me"), Some(6));
    }

    #[test]
    fn finds_a_pattern_that_is_split_over_packets() {
        let mut seen = Vec::new();
        assert_eq!(find(b"cut", &mut seen, b"PUB a c"), None);
        assert_eq!(find(b"cut", &mut seen, b"u"), None);
        assert_eq!(find(b"cut", &mut seen, b"t me"), Some(0));
    }

    #[test]
    fn finds_no_pattern_where_there_is_none() {
        let mut seen = Vec::new();
        assert_eq!(find(b"cut", &mut seen, b"cu"), None);
        assert_eq!(find(b"cut", &mut seen, b"-t cu"), None);
    }
}
