use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use async_nats::jetstream;
use headwater_log::service::Connection;
use headwater_log::testkit::PATIENCE;
use headwater_log::{Bucket as _, BucketConfig, BucketError, JetStreamBucket, Object};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

pub(crate) const STREAM: &str = "OBJ_snapshots";

/// A bucket over a connection of its own, which loses patience early.
pub(crate) async fn bucket(url: &str) -> JetStreamBucket {
    bucket_with(url, config()).await
}

pub(crate) fn config() -> BucketConfig {
    BucketConfig {
        answer_timeout: Duration::from_secs(1),
        patience: Duration::from_secs(15),
        ..BucketConfig::new("snapshots")
    }
}

pub(crate) async fn bucket_with(url: &str, config: BucketConfig) -> JetStreamBucket {
    let (client, denials) = Connection::to(url).unwrap().connect_watched("bucket-test").await.unwrap();
    JetStreamBucket::new(client, denials, config).unwrap()
}

/// The stream beneath, for what the bucket would never do.
pub(crate) async fn jetstream(url: &str) -> jetstream::Context {
    jetstream::new(Connection::to(url).unwrap().connect("bucket-test").await.unwrap())
}

/// How many messages there are on such subjects.
pub(crate) async fn count(jetstream: &jetstream::Context, filter: &str) -> usize {
    use futures::TryStreamExt as _;
    let stream = jetstream.get_stream(STREAM).await.unwrap();
    let subjects: Vec<_> = stream.info_with_subjects(filter).await.unwrap().try_collect().await.unwrap();
    subjects.into_iter().map(|(_, count)| count).sum()
}

/// Bytes that repeat late.
pub(crate) fn content(bytes: usize) -> Vec<u8> {
    let mut state = 7_u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(bytes).collect()
}

pub(crate) async fn put(bucket: &JetStreamBucket, name: &str, content: &[u8]) -> Result<Object, BucketError> {
    soon(bucket.put(name, BTreeMap::new(), &mut &*content)).await
}

pub(crate) async fn get(bucket: &JetStreamBucket, name: &str) -> Result<Vec<u8>, BucketError> {
    let mut read = Vec::new();
    soon(bucket.get(name, &mut read)).await.map(|_| read)
}

pub(crate) async fn names(bucket: &JetStreamBucket) -> Vec<String> {
    soon(bucket.list("")).await.unwrap().into_iter().map(|object| object.name).collect()
}

pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it takes too long")
}

/// A reader that yields what it is sent, and tells when it is asked for more than that.
pub(crate) struct Dripping {
    pieces: mpsc::UnboundedReceiver<std::io::Result<Vec<u8>>>,
    rest: Vec<u8>,
    asked: Option<oneshot::Sender<()>>,
    left: usize,
}

/// The other end.
pub(crate) struct Drip {
    pub(crate) send: mpsc::UnboundedSender<std::io::Result<Vec<u8>>>,
    /// When the reader has yielded this many bytes, and is asked for more.
    pub(crate) asked: oneshot::Receiver<()>,
}

pub(crate) fn dripping(after: usize) -> (Dripping, Drip) {
    let (send, pieces) = mpsc::unbounded_channel();
    let (tell, asked) = oneshot::channel();
    (Dripping { pieces, rest: Vec::new(), asked: Some(tell), left: after }, Drip { send, asked })
}

impl AsyncRead for Dripping {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.left == 0
            && let Some(asked) = self.asked.take()
        {
            asked.send(()).ok();
        }
        if self.rest.is_empty() {
            match self.pieces.poll_recv(cx) {
                Poll::Ready(Some(Ok(piece))) => self.rest = piece,
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Pending => return Poll::Pending,
            }
        }
        let bytes = buffer.remaining().min(self.rest.len());
        buffer.put_slice(&self.rest[..bytes]);
        self.rest.drain(..bytes);
        self.left = self.left.saturating_sub(bytes);
        Poll::Ready(Ok(()))
    }
}

/// A writer that does something when it has taken this many bytes, once.
pub(crate) struct Watched<F> {
    pub(crate) taken: Arc<Mutex<Vec<u8>>>,
    pub(crate) at: usize,
    pub(crate) act: Option<F>,
}

impl<F: Future<Output = ()> + Unpin> tokio::io::AsyncWrite for Watched<F> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let taken = self.taken.clone();
        let mut taken = taken.lock().unwrap();
        if taken.len() >= self.at
            && let Some(act) = &mut self.act
        {
            if Pin::new(act).poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.act = None;
        }
        taken.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
