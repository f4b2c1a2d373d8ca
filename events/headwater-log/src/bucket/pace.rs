use std::io::{self, ErrorKind};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

/// The next bytes of a reader, as many as are asked for, or fewer at its end. Fails when none come for so long.
pub(super) async fn read(
    content: &mut (dyn AsyncRead + Send + Unpin),
    bytes: usize,
    patience: Duration,
) -> io::Result<Bytes> {
    let mut chunk = BytesMut::with_capacity(bytes);
    while chunk.len() < bytes {
        let mut rest = (&mut *content).take((bytes - chunk.len()) as u64);
        let read = timeout(patience, rest.read_buf(&mut chunk)).await.map_err(|_| stalled(patience))??;
        if read == 0 {
            break;
        }
    }
    Ok(chunk.freeze())
}

/// Writes all of it. Fails when nothing is taken for so long.
pub(super) async fn write(
    target: &mut (dyn AsyncWrite + Send + Unpin),
    mut bytes: &[u8],
    patience: Duration,
) -> io::Result<()> {
    while !bytes.is_empty() {
        match timeout(patience, target.write(bytes)).await.map_err(|_| stalled(patience))?? {
            0 => return Err(ErrorKind::WriteZero.into()),
            written => bytes = &bytes[written..],
        }
    }
    Ok(())
}

/// Flushes, in time.
pub(super) async fn flush(
    target: &mut (dyn AsyncWrite + Send + Unpin),
    patience: Duration,
) -> io::Result<()> {
    timeout(patience, target.flush()).await.map_err(|_| stalled(patience))?
}

fn stalled(patience: Duration) -> io::Error {
    io::Error::new(ErrorKind::TimedOut, format!("nothing moves for {} s", patience.as_secs_f32()))
}
