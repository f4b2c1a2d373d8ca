use std::sync::Arc;

use headwater_log::Tenure;
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, spawn_blocking};

use super::acknowledging::Acknowledging;
use super::reactor_error::ReactorError;
use super::record::{Entry, Record};
use super::shift::InHand;
use super::status::ReactorStatus;

/// How many entries share a flush.
const ENTRIES_PER_FLUSH: usize = 1000;

/// An entry, and who waits until it is durable.
pub(super) struct ToWrite {
    pub(super) entry: Entry,
    pub(super) written: Option<oneshot::Sender<()>>,
}

/// Writes down what is done, and then tells the server.
pub(super) struct Recorder {
    pub(super) name: &'static str,
    pub(super) record: Arc<Record>,
    pub(super) in_hand: Arc<InHand>,
    pub(super) status: ReactorStatus,
    pub(super) acknowledging: Arc<Acknowledging>,
    pub(super) tenure: Arc<Tenure>,
    pub(super) created: Timestamp,
}

impl Recorder {
    /// Works until nobody has anything to write any more, and the server knows of all that was written.
    pub(super) async fn run(self, mut entries: mpsc::UnboundedReceiver<ToWrite>) -> Result<(), ReactorError> {
        let (mut batch, mut acks) = (Vec::new(), JoinSet::new());
        while entries.recv_many(&mut batch, ENTRIES_PER_FLUSH).await > 0 {
            let written: Vec<_> = batch.iter().map(|to_write| to_write.entry).collect();
            let open = self.in_hand.lowest_but(&written);
            let (record, created, to_write) = (self.record.clone(), self.created, written.clone());
            spawn_blocking(move || record.write(&to_write, open, created))
                .await
                .map_err(|_| ReactorError::Panicked { name: self.name })??;
            if let Some(floor) = self.record.floor() {
                self.status.done_up_to(floor.sequence);
                self.tenure.done_up_to(floor.sequence);
            }
            for entry in written {
                let Entry::Event(sequence, _) = entry else { continue };
                let Some(delivery) = self.in_hand.remove(sequence) else { continue };
                let acknowledging = self.acknowledging.clone();
                acks.spawn(async move { acknowledging.ack(&delivery).await });
            }
            self.status.in_hand(self.in_hand.len());
            for to_write in batch.drain(..) {
                // Who doesn't wait any more needn't be told.
                to_write.written.map(|written| written.send(()).ok());
            }
            while acks.try_join_next().is_some() {}
        }
        while acks.join_next().await.is_some() {}
        Ok(())
    }
}
