use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures::FutureExt as _;
use headwater_log::{Reason, StoredEvent, WorkKey};
use tokio::time::timeout;

use super::attempt_metrics::Outcome;
use super::breaker::{Found, Permit, Row};
use super::error_texts::{chain, words};
use super::shift::Shift;
use crate::{Effect, ReactError, Reactor};

/// What has become of an event.
pub(super) enum Settled {
    Done,
    Park(Failed),
    /// This instance must not go on with it now.
    Abandoned,
}

/// Why an effect can't be done.
pub(super) struct Failed {
    pub(super) reason: Reason,
    pub(super) errors: Vec<String>,
    pub(super) attempts: u32,
}

/// What has become of one attempt.
enum Attempted {
    Done,
    Failed(ReactError),
    TimedOut,
    Panicked(String),
}

impl Attempted {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Done => Outcome::Done,
            Self::TimedOut => Outcome::TimedOut,
            Self::Panicked(_) => Outcome::Panicked,
            Self::Failed(ReactError::Failed(_)) => Outcome::Failed,
            Self::Failed(ReactError::Refused(_)) => Outcome::Refused,
            Self::Failed(ReactError::Unavailable(_)) => Outcome::Unavailable,
            Self::Failed(
                ReactError::EventType(_) | ReactError::Decode(_) | ReactError::Unexpected { .. },
            ) => Outcome::Undecodable,
        }
    }
}

impl<R: Reactor> Shift<R> {
    /// Attempts an effect as often as it may be.
    pub(super) async fn attempts(&self, key: &WorkKey, event: &StoredEvent) -> Settled {
        let (mut attempts, mut nobody, mut late) = (0, 0, Late::default());
        loop {
            let Some(permit) = self.permit().await else { return Settled::Abandoned };
            attempts -= late.refunded(self);
            let attempted = self.attempt(event, attempts + 1).await;
            let (errors, counts) = match attempted {
                Attempted::Done => {
                    self.breaker.found(permit, &Found::Somebody { key });
                    return Settled::Done;
                }
                Attempted::Failed(ReactError::Unavailable(source)) => {
                    let errors = chain(source.as_ref());
                    let reason = errors.join(": ");
                    self.status.error(&reason);
                    self.breaker.found(permit, &Found::Nobody { reason: &reason });
                    nobody += 1;
                    (errors, false)
                }
                Attempted::TimedOut => {
                    let reason = format!("the attempt took longer than {:?}", self.options.attempt_time_max);
                    let row = self.breaker.found(permit, &Found::Nothing { key, reason: &reason });
                    self.status.error(&reason);
                    if self.breaker.is_open() {
                        nobody += 1;
                        (vec![reason], false)
                    } else {
                        late.count(row);
                        (vec![reason], true)
                    }
                }
                Attempted::Panicked(message) => {
                    self.breaker.found(permit, &Found::Unknown);
                    let error = format!("the reactor's code has panicked: {message}");
                    self.status.error(&error);
                    (vec![error], true)
                }
                Attempted::Failed(error @ ReactError::Failed(_)) => {
                    self.breaker.found(permit, &Found::Somebody { key });
                    let errors = chain(&error);
                    self.status.error(&errors.join(": "));
                    (errors, true)
                }
                Attempted::Failed(error) => {
                    self.breaker.found(permit, &Found::Unknown);
                    let errors = chain(&error);
                    self.status.error(&errors.join(": "));
                    let reason = match error {
                        ReactError::Refused(_) => Reason::Refused,
                        _ => Reason::Undecodable,
                    };
                    return Settled::Park(Failed { reason, errors, attempts: attempts + 1 });
                }
            };
            let wait = if counts {
                attempts += 1;
                if attempts >= self.options.attempts_max {
                    return Settled::Park(Failed { reason: Reason::Failed, errors, attempts });
                }
                self.options.backoff(attempts)
            } else {
                self.options.backoff(nobody)
            };
            let sequence = event.sequence;
            tracing::debug!(name = R::NAME, %key, sequence, attempts, error = errors.join(": "), ?wait, "trying again");
            if !self.wait(wait).await {
                return Settled::Abandoned;
            }
        }
    }

    /// Leave to make an attempt; none when this instance must not make one.
    async fn permit(&self) -> Option<Permit> {
        let permit = async {
            loop {
                let permit = self.breaker.permit().await;
                let room = self.room.acquire().await.ok()?;
                if self.breaker.admits(&permit) {
                    room.forget();
                    return Some(permit);
                }
            }
        };
        tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            permit = permit => permit,
        }
        .filter(|_| {
            let is_held = self.tenure.is_held();
            if !is_held {
                self.room.add_permits(1);
            }
            is_held
        })
    }

    async fn attempt(&self, event: &StoredEvent, attempt: u32) -> Attempted {
        let _room = Room(&self.room);
        let limit = self.options.attempt_time_max;
        let effect = Effect::new(R::NAME, event, attempt, Instant::now() + limit);
        let begun = Instant::now();
        let handled = AssertUnwindSafe(async { self.reactor.dispatch(event, &effect).await }).catch_unwind();
        let attempted = match timeout(limit, handled).await {
            Ok(Ok(Ok(()))) => Attempted::Done,
            Ok(Ok(Err(error))) => Attempted::Failed(error),
            Ok(Err(panic)) => Attempted::Panicked(words(panic.as_ref())),
            Err(_) => Attempted::TimedOut,
        };
        self.status.attempted(attempted.outcome(), begun.elapsed());
        attempted
    }
}

/// Gives back the room that an attempt has taken, also when it is dropped.
struct Room<'a>(&'a tokio::sync::Semaphore);

impl Drop for Room<'_> {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

/// Attempts that took too long, and were counted. When others' too have opened the breaker, they weren't the event's fault.
#[derive(Default)]
struct Late {
    row: Option<Row>,
    counted: u32,
}

impl Late {
    fn count(&mut self, row: Row) {
        if self.row.replace(row) != Some(row) {
            self.counted = 0;
        }
        self.counted += 1;
    }

    fn refunded<R: Reactor>(&mut self, shift: &Shift<R>) -> u32 {
        match self.row {
            Some(row) if shift.breaker.opened_in(row) => std::mem::take(&mut self.counted),
            _ => 0,
        }
    }
}
