use std::error::Error;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};

/// Brings appends to their end, whether anybody waits for them or not.
///
/// It is one task for all of them: answers come in bursts, and a task for each append costs half of the
/// throughput, in wake-ups alone.
#[derive(Debug, Clone)]
pub(super) struct Driver(mpsc::UnboundedSender<BoxFuture<'static, ()>>);

impl Driver {
    pub(super) fn spawn() -> Self {
        let (begun, receiver) = mpsc::unbounded_channel();
        tokio::spawn(drive(receiver));
        Self(begun)
    }

    /// Drives `append` to its end; what is returned waits for its result.
    pub(super) fn take<T: Send + 'static>(
        &self,
        append: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = Result<T, Box<dyn Error + Send + Sync>>> + Send + 'static {
        let (sender, result) = oneshot::channel();
        // Who doesn't wait has nothing to be told. The task ends only with the runtime, and then the sender
        // of the result is dropped.
        let _ = self.0.send(Box::pin(async move {
            let _ = sender.send(append.await);
        }));
        async move { Ok(result.await?) }
    }
}

async fn drive(mut begun: mpsc::UnboundedReceiver<BoxFuture<'static, ()>>) {
    let mut under_way = FuturesUnordered::new();
    loop {
        tokio::select! {
            append = begun.recv() => match append {
                Some(append) => under_way.push(append),
                None => break,
            },
            Some(()) = under_way.next() => {}
        }
    }
    while under_way.next().await.is_some() {}
}
