use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// A connection whose client must take an answer within a limit, as a whole: one that reads a byte now and then takes none.
/// Of an answer that has no end, it must take something within the limit.
///
/// Without it, a client that sends requests and reads nothing keeps its connection, and what waits for it, for ever.
pub(super) struct TimedWrites<S> {
    connection: S,
    limit: Duration,
    answer: Answering,
    /// Runs from when the client first didn't take all that there was, until it has.
    patience: Option<Pin<Box<Sleep>>>,
}

/// What is being answered on a connection. All clones are of the same connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Answering {
    endless: Arc<AtomicBool>,
}

impl Answering {
    /// The next answer begins. One without end is written for as long as there is something to say, so a client that isn't
    /// slow at all may never have taken all that there is.
    pub(super) fn begin(&self, is_endless: bool) {
        self.endless.store(is_endless, Ordering::Relaxed);
    }

    fn is_endless(&self) -> bool {
        self.endless.load(Ordering::Relaxed)
    }
}

impl<S> TimedWrites<S> {
    pub(super) fn new(connection: S, limit: Duration, answer: Answering) -> Self {
        Self { connection, limit, answer, patience: None }
    }

    /// What the connection says, or an error when the client has had its time.
    fn in_time<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() && self.patience.is_none() {
            return polled;
        }
        let limit = self.limit;
        let patience = self.patience.get_or_insert_with(|| Box::pin(sleep(limit)));
        match patience.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "the client doesn't read its answers",
            ))),
            Poll::Pending => polled,
        }
    }

    /// The same for a write.
    fn written_in_time(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if self.answer.is_endless() && matches!(polled, Poll::Ready(Ok(1..))) {
            self.patience = None;
        }
        self.in_time(cx, polled)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedWrites<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.connection).poll_write(cx, bytes);
        self.written_in_time(cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.connection).poll_write_vectored(cx, slices);
        self.written_in_time(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    /// Nothing is left to be written when this is called: the client has taken it all.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.connection).poll_flush(cx);
        ready!(self.in_time(cx, polled))?;
        self.patience = None;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.connection).poll_shutdown(cx);
        self.in_time(cx, polled)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedWrites<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(cx, buffer)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn whoever_takes_a_byte_now_and_then_has_taken_no_answer() {
        let (ours, mut theirs) = duplex(8);
        let reading = tokio::spawn(async move {
            while theirs.read_u8().await.is_ok() {
                sleep(SECOND).await;
            }
        });
        let mut ours = TimedWrites::new(ours, 10 * SECOND, Answering::default());
        let written = ours.write_all(&[0; 100]).await;
        assert_eq!(written.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
        drop(ours);
        reading.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_without_end_may_take_any_time_as_long_as_it_is_taken() {
        let (ours, mut theirs) = duplex(8);
        let answer = Answering::default();
        let mut ours = TimedWrites::new(ours, 10 * SECOND, answer.clone());
        answer.begin(true);
        let reading = async {
            for _ in 0..40 {
                sleep(6 * SECOND).await;
                theirs.read_exact(&mut [0; 4]).await?;
            }
            Ok::<_, io::Error>(())
        };
        let (written, read) = tokio::join!(ours.write_all(&[0; 160]), reading);
        assert!(written.is_ok() && read.is_ok(), "{written:?}");
        // Now nobody reads.
        let written = ours.write_all(&[0; 160]).await;
        assert_eq!(written.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_has_an_end_is_in_time_as_a_whole_also_after_one_without() {
        let (ours, mut theirs) = duplex(8);
        let answer = Answering::default();
        let mut ours = TimedWrites::new(ours, 10 * SECOND, answer.clone());
        answer.begin(true);
        answer.begin(false);
        let reading = tokio::spawn(async move {
            while theirs.read_u8().await.is_ok() {
                sleep(SECOND).await;
            }
        });
        let written = ours.write_all(&[0; 100]).await;
        assert_eq!(written.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
        drop(ours);
        reading.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn each_answer_has_the_whole_time_and_the_pauses_between_them_cost_nothing() {
        let (ours, mut theirs) = duplex(8);
        let mut ours = TimedWrites::new(ours, 10 * SECOND, Answering::default());
        for _ in 0..3 {
            let writing = async {
                ours.write_all(&[0; 12]).await?;
                ours.flush().await
            };
            let reading = async {
                sleep(6 * SECOND).await;
                theirs.read_exact(&mut [0; 12]).await
            };
            let (written, read) = tokio::join!(writing, reading);
            assert!(written.is_ok() && read.is_ok(), "{written:?}");
            sleep(60 * SECOND).await;
        }
    }
}
