use std::io;
use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Version 3.0 of the protocol between PostgreSQL and its clients.
const PROTOCOL: u32 = 3 << 16;

/// As whom a client introduces itself: the user and the database that every server of the testkit has.
const STARTUP: &[u8] = b"user\0postgres\0database\0postgres\0\0";

/// What the server sends when it waits for the first statement.
const READY_FOR_QUERY: u8 = b'Z';
const ERROR: u8 = b'E';

/// Whether the server on this port of 127.0.0.1 would take a statement: one that recovers from a crash accepts a
/// connection, and then refuses it.
pub(super) async fn accepts_connections(port: u16) -> bool {
    handshake(port).await.unwrap_or(false)
}

/// Spoken by hand, so that whoever tests with a broker alone doesn't build a database's client.
async fn handshake(port: u16) -> io::Result<bool> {
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let length = u32::try_from(STARTUP.len() + 8).map_err(io::Error::other)?;
    server.write_u32(length).await?;
    server.write_u32(PROTOCOL).await?;
    server.write_all(STARTUP).await?;
    loop {
        let kind = server.read_u8().await?;
        // The length counts itself.
        let length = u64::from(server.read_u32().await?).saturating_sub(4);
        tokio::io::copy(&mut (&mut server).take(length), &mut tokio::io::sink()).await?;
        match kind {
            READY_FOR_QUERY => return Ok(true),
            ERROR => return Ok(false),
            _ => {}
        }
    }
}
