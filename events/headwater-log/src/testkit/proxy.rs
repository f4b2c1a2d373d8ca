use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use self::carry::carry;
use self::faults::Faults;
use super::TestkitError;

mod carry;
mod faults;
mod pattern;

/// How the payload of an acknowledged publish begins. What refuses one begins with its error, and every other answer
/// of JetStream with its type.
const ACKNOWLEDGEMENT: &[u8] = br#"{"stream":""#;

/// A TCP proxy between a client and a server, which delays, loses, cuts, stalls and refuses on command.
///
/// The testkit's servers advertise no addresses to clients, so a client that was given only this proxy's
/// [`url`](Self::url) reconnects through it, and never around it. The faults are those of a network: bytes keep their
/// order, and none is lost from the middle of a connection that goes on. They work on bytes, so under TLS
/// [`cut_after`](Self::cut_after) and [`lose_acknowledgement`](Self::lose_acknowledgement) find nothing.
///
/// # Example: an acknowledgement that is lost
///
/// ```no_run
/// # async fn example(server: headwater_log::testkit::Server) -> Result<(), Box<dyn std::error::Error>> {
/// use headwater_log::testkit::Proxy;
///
/// let proxy = Proxy::start(server.port()).await?;
/// let client = async_nats::connect(proxy.url()).await?;
/// proxy.lose_acknowledgement();
/// // ... publish: the server stores the message, and the client loses its connection instead of learning it ...
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    faults: Arc<Faults>,
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
        let faults = Arc::new(Faults::none(running.child_token()));
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

    /// The port on which it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Closes every connection now, and loses what was on its way; new ones are accepted.
    pub fn cut(&self) {
        self.faults.change(|now| now.cut());
    }

    /// From now on closes every new connection at once, until [`accept`](Self::accept); open ones stay.
    pub fn refuse(&self) {
        self.faults.change(|now| now.refuse = true);
    }

    /// Takes new connections again.
    pub fn accept(&self) {
        self.faults.change(|now| now.refuse = false);
    }

    /// From now on each byte takes this much longer on its way to the server and on its way to the client, on open
    /// connections too. Twice zero ends it; what is under way keeps its delay.
    pub fn delay(&self, requests: Duration, replies: Duration) {
        self.faults.change(|now| {
            now.toward_server.delay = requests;
            now.toward_client.delay = replies;
        });
    }

    /// From now on nothing arrives, in neither direction, and every connection stays open: a network that has gone
    /// silent. What is sent meanwhile is kept, as far as a network keeps things, until [`resume`](Self::resume).
    ///
    /// New connections are taken, and hear nothing.
    pub fn stall(&self) {
        self.faults.change(|now| now.stalled = true);
    }

    /// Ends a [`stall`](Self::stall): what was sent meanwhile arrives, in its order.
    pub fn resume(&self) {
        self.faults.change(|now| now.stalled = false);
    }

    /// From now on swallows what the server sends, until [`restore`](Self::restore); what clients send still
    /// arrives.
    pub fn drop_replies(&self) {
        self.faults.change(|now| now.swallow = true);
    }

    /// Lets replies pass again, and closes every connection: half a reply would confuse the client.
    pub fn restore(&self) {
        self.faults.change(|now| {
            now.swallow = false;
            now.cut();
        });
    }

    /// Closes the connection on which a client next sends these bytes, once.
    ///
    /// What came before the pattern is forwarded, the pattern itself isn't (except for a beginning that came in an
    /// earlier packet). The server discards the message that it got a part of, so the pattern should be something
    /// inside the message, such as a header. A later call replaces the pattern; an empty one matches nothing.
    pub fn cut_after(&self, pattern: &[u8]) {
        self.faults.change(|now| now.toward_server.set_pattern(pattern));
    }

    /// Closes the connection on which the server next acknowledges that it has stored a message or a batch, once and
    /// just before the client would learn it.
    ///
    /// All that the server has sent after the acknowledgement is lost with it.
    pub fn lose_acknowledgement(&self) {
        self.lose_reply(ACKNOWLEDGEMENT);
    }

    /// The same for whatever reply has these bytes: one of another protocol.
    pub fn lose_reply(&self, pattern: &[u8]) {
        self.faults.change(|now| now.toward_client.set_pattern(pattern));
    }
}

async fn accept_all(listener: TcpListener, upstream_port: u16, faults: Arc<Faults>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let Some(alive) = faults.admit() else { continue };
        let faults = faults.clone();
        tokio::spawn(async move {
            alive.clone().run_until_cancelled_owned(carry(client, upstream_port, alive, faults)).await;
        });
    }
}
