use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use tokio::sync::{mpsc, oneshot};

use super::append::Attempt;
use crate::PendingAppend;

/// Sends commits one by one, and brings them to their end, whether anybody waits for them or not.
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

    /// Sends a commit once, in the caller's order, and leaves the answer, and any retry, to the task.
    pub(super) async fn begin(&self, attempt: Attempt) -> PendingAppend {
        let (room, sent) = attempt.send_with_room().await;
        let (sender, answer) = oneshot::channel();
        let pending = PendingAppend::answered(attempt.aggregate(), answer);
        // Who doesn't wait has nothing to be told. The task ends only with the runtime, and then the sender
        // of the answer is dropped.
        let finishing = attempt.finish(sent).map(move |answer| {
            drop(room);
            let _ = sender.send(answer);
        });
        let _ = self.0.send(finishing.boxed());
        pending
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
