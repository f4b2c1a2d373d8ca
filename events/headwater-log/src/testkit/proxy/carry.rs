use std::net::Ipv4Addr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::faults::{Direction, Faults};
use super::pattern::Seen;

const PACKET_BYTES: usize = 64 * 1024;

/// How many packets a direction holds while they are delayed or stalled. Then the sender's own buffers fill up, as
/// they would before a network that takes no more.
const PACKETS_HELD: usize = 1024;

/// Carries one connection until one of its sides, or a fault, ends it.
pub(super) async fn carry(
    client: TcpStream,
    upstream_port: u16,
    alive: CancellationToken,
    faults: Arc<Faults>,
) {
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, upstream_port)).await else { return };
    client.set_nodelay(true).and_then(|()| server.set_nodelay(true)).ok();
    let (client_reads, client_writes) = client.into_split();
    let (server_reads, server_writes) = server.into_split();
    // The first of the two directions that ends closes both sides.
    tokio::select! {
        () = one_way(Direction::TowardServer, client_reads, server_writes, &alive, &faults) => {}
        () = one_way(Direction::TowardClient, server_reads, client_writes, &alive, &faults) => {}
    }
}

/// What was read at once, and when it arrives.
struct Packet {
    due: Instant,
    bytes: Vec<u8>,
}

async fn one_way(
    direction: Direction,
    from: impl AsyncRead + Unpin,
    to: impl AsyncWrite + Unpin,
    alive: &CancellationToken,
    faults: &Faults,
) {
    let (under_way, arriving) = mpsc::channel(PACKETS_HELD);
    let taking = async {
        take_in(direction, from, under_way, faults).await;
        // What was read before the end still arrives, so the end is the other one's to tell.
        std::future::pending().await
    };
    tokio::select! {
        () = let_out(direction, arriving, to, alive, faults) => {}
        () = taking => {}
    }
}

async fn take_in(
    direction: Direction,
    mut from: impl AsyncRead + Unpin,
    under_way: mpsc::Sender<Packet>,
    faults: &Faults,
) {
    let mut buffer = vec![0; PACKET_BYTES];
    let mut seen = Seen::default();
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let cut_at = faults.cut_at(direction, &mut seen, &buffer[..length]);
        let bytes = buffer[..cut_at.unwrap_or(length)].to_vec();
        let due = Instant::now() + faults.delay(direction);
        if under_way.send(Packet { due, bytes }).await.is_err() || cut_at.is_some() {
            return;
        }
    }
}

async fn let_out(
    direction: Direction,
    mut arriving: mpsc::Receiver<Packet>,
    mut to: impl AsyncWrite + Unpin,
    alive: &CancellationToken,
    faults: &Faults,
) {
    while let Some(Packet { due, bytes }) = arriving.recv().await {
        if due > Instant::now() {
            sleep_until(due).await;
        }
        faults.wait_until_moving().await;
        let swallowed = faults.swallows(direction);
        // A cut that happens now may be noticed only later. Who restores replies cuts too, so what isn't swallowed any more
        // doesn't arrive either.
        if alive.is_cancelled() {
            return;
        }
        if !swallowed && to.write_all(&bytes).await.is_err() {
            return;
        }
    }
    faults.wait_until_moving().await;
    // Closed in order, so that what was forwarded still arrives.
    to.shutdown().await.ok();
}
