use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use headwater_log::{Ask, AskedFor, WorkKey};
use tokio::time::{MissedTickBehavior, interval};

use super::lane::{Asked, Job};
use super::shift::Shift;
use crate::Reactor;

impl<R: Reactor> Shift<R> {
    /// Looks what operators ask for, and has it done.
    pub(super) async fn look_for_asks(self: Arc<Self>) {
        let mut looks = interval(self.options.asks_every);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut from = 1;
        loop {
            tokio::select! {
                biased;
                () = self.tenure.ended() => return,
                () = self.stop.cancelled() => return,
                _ = looks.tick() => {}
            }
            match self.letters.asked(R::NAME, from).await {
                Ok(asked) => {
                    for asked in asked {
                        from = asked.place + 1;
                        if self.take_up(asked).await.is_none() {
                            return;
                        }
                    }
                }
                Err(error) => tracing::debug!(name = R::NAME, %error, "looking again for what is asked"),
            }
        }
    }

    async fn take_up(self: &Arc<Self>, AskedFor { place, ask }: AskedFor) -> Option<()> {
        // One part more, until all are handed out.
        let asked = Arc::new(Asked { place, parts: AtomicUsize::new(1) });
        match ask {
            Some(Ask::Redrive { key, by, .. }) => {
                tracing::info!(name = R::NAME, key, by, "asked to re-drive what is parked");
                let is_meant = |parked: &WorkKey| key.as_deref().is_none_or(|key| key == parked.as_str());
                let parked: Vec<_> =
                    self.lanes().parked_keys().filter(|key| is_meant(key)).cloned().collect();
                for key in parked {
                    self.hand_out(key, &asked, Job::Redrive(asked.clone()));
                }
            }
            Some(Ask::Discard { key, sequence, why, by, .. }) => {
                if let Ok(key) = key.parse() {
                    self.hand_out(key, &asked, Job::Discard { sequence, why, by, asked: asked.clone() });
                }
            }
            None => tracing::warn!(name = R::NAME, place, "what is asked can't be read; it is dropped"),
        }
        self.answered(&asked).await
    }

    fn hand_out(self: &Arc<Self>, key: WorkKey, asked: &Asked, job: Job) {
        asked.parts.fetch_add(1, std::sync::atomic::Ordering::AcqRel);
        self.queue(key, job);
    }
}
