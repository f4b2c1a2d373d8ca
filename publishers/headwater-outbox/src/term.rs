use std::pin::pin;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::RelaySummary;
use crate::delivery::{Delivery, Destination, Undelivered};
use crate::in_hand::{InHand, Waiting, domain};
use crate::session::{Session, SessionError, Settled};

/// One relay's work, from when it gets the lock until it loses its connection.
pub(crate) struct Term<'a> {
    session: &'a Session,
    destination: &'a Destination,
    summary: &'a mut RelaySummary,
    in_hand: InHand,
    under_way: FuturesUnordered<BoxFuture<'static, Delivery>>,
    /// What is stored, and not yet deleted from the outbox.
    settled: Vec<Settled>,
    refused: Vec<(String, i64, String)>,
    failure: Option<SessionError>,
    /// Whether there may be more in the outbox.
    look: bool,
    /// When what is held up may be passed over again, to see what waits behind it.
    pass_over_at: Instant,
    stopping: bool,
}

/// How many appends are in hand at most: under way, behind others, or not yet deleted.
const IN_HAND_MAX: usize = 512;

/// For how many there should be room before the outbox is read again.
const ROOM_MIN: usize = IN_HAND_MAX / 4;

/// To pass over what is held up, the database reads all of it: that may take a tenth of the time, and no more.
const PASS_OVER_PAUSES: u32 = 9;

/// How long what is under way may take when the relay is told to stop.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// How often the operators are told what waits.
const REPORT_EVERY: Duration = Duration::from_secs(60);

impl<'a> Term<'a> {
    pub(crate) fn new(
        session: &'a Session,
        destination: &'a Destination,
        summary: &'a mut RelaySummary,
    ) -> Self {
        Self {
            session,
            destination,
            summary,
            in_hand: InHand::default(),
            under_way: FuturesUnordered::new(),
            settled: Vec::new(),
            refused: Vec::new(),
            failure: None,
            look: true,
            pass_over_at: Instant::now(),
            stopping: false,
        }
    }

    /// Relays until it is told to stop.
    pub(crate) async fn work(
        mut self,
        poll_every: Duration,
        stop: &CancellationToken,
    ) -> Result<(), SessionError> {
        let mut looks = interval(poll_every);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut reports = interval(REPORT_EVERY);
        while !stop.is_cancelled() && self.failure.is_none() {
            self.exchange().await?;
            if !self.settled.is_empty() || !self.refused.is_empty() {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                Some(delivery) = self.under_way.next(), if !self.under_way.is_empty() => self.settle(delivery),
                () = self.session.woken() => self.look = true,
                _ = looks.tick() => {
                    self.look = true;
                    self.session.ping().await?;
                }
                _ = reports.tick() => report(self.session, self.summary.appends).await?,
            }
            // Whatever else is stored by now is written down in the same statement.
            while let Some(Some(delivery)) = self.under_way.next().now_or_never() {
                self.settle(delivery);
            }
        }
        self.finish().await
    }

    /// Writes down what is stored, and reads what waits, as far as there is room. Both are sent at once.
    async fn exchange(&mut self) -> Result<(), SessionError> {
        for (aggregate, position, reason) in self.refused.drain(..) {
            self.session.refuse(&aggregate, position, &reason).await?;
            self.in_hand.abandon(&aggregate);
        }
        let (room, held_up) = self.room();
        let look = self.look && room >= ROOM_MIN && !self.stopping && self.failure.is_none();
        let (positions, begun) = (self.in_hand.positions(), Instant::now());
        let (waiting, arrived, woken) = {
            let write_down = async {
                if self.settled.is_empty() { Ok(()) } else { self.session.write_down(&self.settled).await }
            };
            let fetch = async {
                if look { self.session.fetch(&positions, &held_up, room).await } else { Ok(Vec::new()) }
            };
            // Polled in this order, and so executed in this order.
            let mut exchanged = pin!(async { tokio::try_join!(biased; write_down, fetch) });
            let (mut arrived, mut woken) = (Vec::new(), false);
            // What is under way goes on, however long the database takes.
            loop {
                tokio::select! {
                    biased;
                    exchanged = &mut exchanged => break (exchanged?.1, arrived, woken),
                    Some(delivery) = self.under_way.next(), if !self.under_way.is_empty() => arrived.push(delivery),
                    () = self.session.woken(), if !woken => woken = true,
                }
            }
        };
        for settled in self.settled.drain(..) {
            self.in_hand.deleted(settled.position);
        }
        if look && held_up.is_empty() {
            self.look = waiting.len() == room;
        } else if look {
            let now = Instant::now();
            self.pass_over_at = now + (now - begun) * PASS_OVER_PAUSES;
        }
        self.look |= woken;
        for (waiting, known) in waiting {
            if let Some(turn) = self.in_hand.take(waiting) {
                self.begin(turn, known);
            }
        }
        for delivery in arrived {
            self.settle(delivery);
        }
        Ok(())
    }

    /// For how many more there is room. When there is none, because domains are held up that can't be reached, these don't count,
    /// and no more of theirs is read: so they never hold up the others.
    fn room(&self) -> (usize, Vec<String>) {
        let room = |held_up: &[String]| {
            let settled = self.settled.iter().filter(|settled| {
                !held_up.iter().any(|held_up| held_up.as_str() == domain(&settled.aggregate))
            });
            let kept = self.in_hand.len_without(held_up).saturating_sub(settled.count());
            IN_HAND_MAX.saturating_sub(kept)
        };
        let all = room(&[]);
        if all >= ROOM_MIN || Instant::now() < self.pass_over_at {
            return (all, Vec::new());
        }
        let held_up = self.destination.held_up();
        (room(&held_up), held_up)
    }

    fn begin(&self, waiting: Waiting, known: u64) {
        self.under_way.push(self.destination.clone().deliver(waiting, known).boxed());
    }

    fn settle(&mut self, delivery: Delivery) {
        let Delivery { position, aggregate, result } = delivery;
        match result {
            Ok(delivered) => {
                self.summary.count(&delivered);
                let next = if self.stopping { None } else { self.in_hand.next(&aggregate) };
                if let Some(next) = next {
                    self.begin(next, delivered.sequence);
                }
                self.settled.push(Settled { position, aggregate, sequence: delivered.sequence });
            }
            Err(Undelivered::Refused(reason)) => {
                tracing::error!(
                    aggregate,
                    position,
                    reason,
                    "the log refused an append; what waits for this aggregate stays in the outbox, all else goes on"
                );
                self.summary.refused += 1;
                self.refused.push((aggregate, position, reason));
            }
            Err(Undelivered::Stop(error)) => self.failure = Some(SessionError::Hopeless(error)),
        }
    }

    /// Waits a little for what is under way: what is stored needn't be looked for later.
    async fn finish(mut self) -> Result<(), SessionError> {
        self.stopping = true;
        let deadline = Instant::now() + STOP_LIMIT;
        while let Ok(Some(delivery)) = timeout_at(deadline, self.under_way.next()).await {
            self.settle(delivery);
        }
        self.exchange().await?;
        self.failure.map_or(Ok(()), Err)
    }
}

async fn report(session: &Session, relayed: u64) -> Result<(), SessionError> {
    let pending = session.pending().await?;
    let (waiting, oldest, refused) = (pending.appends, pending.oldest.unwrap_or_default(), pending.refused);
    if refused > 0 {
        tracing::error!(
            refused,
            waiting,
            ?oldest,
            "aggregates wait, because the log refused an append of theirs"
        );
    } else {
        tracing::info!(waiting, ?oldest, relayed, "the outbox");
    }
    Ok(())
}
