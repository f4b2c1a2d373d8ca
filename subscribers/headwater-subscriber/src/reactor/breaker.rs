use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use headwater_log::WorkKey;
use tokio::sync::{Mutex as FairMutex, OwnedMutexGuard};
use tokio::time::{Instant, sleep_until};

use super::options::{ReactorOptions, doubled, jittered};
use super::status::{BreakerState, ReactorStatus};

/// A circuit breaker: it keeps a reactor from attempting what can't succeed, because what the effects need doesn't answer.
///
/// Closed, it lets every attempt through. It opens after a number of attempts in a row that found nobody, or that got no answer in
/// time for some keys; then one event after another is a probe, each after a longer pause, until one finds somebody.
pub(super) struct Breaker {
    options: ReactorOptions,
    status: ReactorStatus,
    state: Mutex<State>,
    /// Whose turn it is to be the next probe: in the order in which they came.
    turn: Arc<FairMutex<()>>,
}

#[derive(Default)]
struct State {
    /// When the next probe may be made; none while it is closed.
    open: Option<Instant>,
    /// How many attempts in a row have found nobody.
    run: u32,
    /// Tells one row from the next.
    run_number: u64,
    /// The keys whose attempt took too long, in this row: one key alone says nothing of the others.
    late: HashSet<WorkKey>,
    /// The keys that were late while it was open, and haven't succeeded since it closed: others were answered, so it may be their own
    /// events' fault, and they don't open it again. Otherwise a few events that never end would be excused for ever.
    suspects: HashSet<WorkKey>,
    /// In which row it has opened last.
    opened_in: Option<u64>,
    /// How many probes in a row have found nobody.
    probes: u32,
}

/// Leave to make an attempt.
pub(super) struct Permit {
    /// Held by a probe: the next one waits for what this one finds.
    turn: Option<OwnedMutexGuard<()>>,
}

/// What an attempt has found.
pub(super) enum Found<'a> {
    /// Somebody who answers.
    Somebody { key: &'a WorkKey },
    /// Nobody.
    Nobody { reason: &'a str },
    /// No answer in time, which may be the event's fault.
    Nothing { key: &'a WorkKey, reason: &'a str },
    /// It didn't come so far.
    Unknown,
}

/// An attempt's place in a row of attempts that found nobody.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Row(u64);

impl Breaker {
    pub(super) fn new(options: ReactorOptions, status: ReactorStatus) -> Self {
        status.breaker(BreakerState::Closed);
        Self { options, status, state: Mutex::default(), turn: Arc::default() }
    }

    /// Waits until an attempt may be made.
    pub(super) async fn permit(&self) -> Permit {
        if self.is_closed() {
            return Permit { turn: None };
        }
        let turn = self.turn.clone().lock_owned().await;
        loop {
            let Some(until) = self.lock().open else { return Permit { turn: None } };
            if until <= Instant::now() {
                self.status.breaker(BreakerState::HalfOpen);
                return Permit { turn: Some(turn) };
            }
            sleep_until(until).await;
        }
    }

    /// Whether the permit is still good: the breaker may have opened while its holder waited for room.
    pub(super) fn admits(&self, permit: &Permit) -> bool {
        permit.turn.is_some() || self.is_closed()
    }

    /// Takes in what an attempt has found. Says in which row it was.
    pub(super) fn found(&self, permit: Permit, found: &Found<'_>) -> Row {
        let mut state = self.lock();
        // What was under way when it opened may have closed it again.
        let is_probe = permit.turn.is_some() && state.open.is_some();
        let row = Row(state.run_number);
        match found {
            Found::Somebody { key } => self.somebody(&mut state, key),
            Found::Unknown if is_probe => state.open = Some(Instant::now() + self.options.probe_first),
            Found::Unknown => {}
            Found::Nobody { reason } => self.nobody(&mut state, is_probe, reason),
            Found::Nothing { key, reason } => {
                let is_new = !state.suspects.contains(key) && state.late.insert((*key).clone());
                if is_probe || is_new {
                    self.nobody(&mut state, is_probe, reason);
                }
            }
        }
        if is_probe && state.open.is_some() {
            self.status.breaker(BreakerState::Open);
        }
        row
    }

    /// Whether the attempts of this row have made it open: then none of them says anything of its event.
    pub(super) fn opened_in(&self, row: Row) -> bool {
        self.lock().opened_in == Some(row.0)
    }

    fn somebody(&self, state: &mut State, key: &WorkKey) {
        let late = std::mem::take(&mut state.late);
        if state.open.take().is_some() {
            self.status.breaker(BreakerState::Closed);
            tracing::warn!("what the effects need answers again; going on");
            state.suspects.extend(late);
        }
        state.suspects.remove(key);
        (state.run, state.probes) = (0, 0);
        state.run_number += 1;
    }

    fn nobody(&self, state: &mut State, is_probe: bool, reason: &str) {
        state.run += 1;
        if is_probe {
            state.probes += 1;
        } else if state.open.is_some() || !self.is_enough(state) {
            // What was under way when it opened says nothing new.
            return;
        } else {
            state.opened_in = Some(state.run_number);
        }
        let pause = jittered(doubled(self.options.probe_first, state.probes + 1, self.options.probe_longest));
        if state.open.replace(Instant::now() + pause).is_none() {
            self.status.breaker(BreakerState::Open);
            let (attempts, probe_in) = (state.run, pause);
            tracing::warn!(attempts, reason, ?probe_in, "what the effects need is down; pausing");
        } else {
            tracing::debug!(reason, probe_in = ?pause, "what the effects need is still down");
        }
    }

    /// Whether a row of attempts says that what the effects need is down.
    fn is_enough(&self, state: &State) -> bool {
        let late = u32::try_from(state.late.len()).unwrap_or(u32::MAX);
        state.run >= self.options.unavailable_max || late >= self.options.late_keys_max
    }

    /// Whether attempts are paused.
    pub(super) fn is_open(&self) -> bool {
        !self.is_closed()
    }

    fn is_closed(&self) -> bool {
        self.lock().open.is_none()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt as _;

    use super::*;

    fn breaker() -> Breaker {
        let options = ReactorOptions {
            unavailable_max: 3,
            late_keys_max: 2,
            probe_first: Duration::from_millis(20),
            ..ReactorOptions::default()
        };
        let status = ReactorStatus::default();
        status.active(true);
        Breaker::new(options, status)
    }

    fn key(id: u32) -> WorkKey {
        format!("orders.order.{id}").parse().unwrap()
    }

    const NOBODY: Found<'static> = Found::Nobody { reason: "refused" };

    #[tokio::test]
    async fn opens_after_attempts_in_a_row_probes_with_one_and_closes() {
        let breaker = breaker();
        let key = key(0);
        let somebody = Found::Somebody { key: &key };
        for found in [&NOBODY, &NOBODY, &somebody, &NOBODY, &NOBODY] {
            breaker.found(breaker.permit().await, found);
        }
        assert_eq!(breaker.status.health().breaker, BreakerState::Closed);
        breaker.found(breaker.permit().await, &NOBODY);
        assert_eq!(breaker.status.health().breaker, BreakerState::Open);
        assert!(breaker.permit().now_or_never().is_none());

        let probe = breaker.permit().await;
        assert_eq!(breaker.status.health().breaker, BreakerState::HalfOpen);
        assert!(breaker.permit().now_or_never().is_none(), "a second probe at the same time");
        breaker.found(probe, &NOBODY);
        assert_eq!(breaker.status.health().breaker, BreakerState::Open);
        breaker.found(breaker.permit().await, &somebody);
        assert_eq!(breaker.status.health().breaker, BreakerState::Closed);
        assert!(breaker.permit().now_or_never().is_some());
    }

    async fn late(breaker: &Breaker, id: u32) -> Row {
        let key = key(id);
        breaker.found(breaker.permit().await, &Found::Nothing { key: &key, reason: "late" })
    }

    #[tokio::test]
    async fn one_event_that_never_ends_does_not_open_it_and_a_second_one_does() {
        let breaker = breaker();
        for _ in 0..10 {
            late(&breaker, 0).await;
        }
        assert!(breaker.is_closed());
        let row = late(&breaker, 1).await;
        assert!(!breaker.is_closed());
        assert!(breaker.opened_in(row));
    }

    #[tokio::test]
    async fn keys_that_stay_late_while_others_are_answered_do_not_open_it_again() {
        let breaker = breaker();
        late(&breaker, 1).await;
        late(&breaker, 2).await;
        assert!(!breaker.is_closed());
        // Another one of them is the probe, and then one that is answered.
        late(&breaker, 3).await;
        let well = key(4);
        breaker.found(breaker.permit().await, &Found::Somebody { key: &well });
        assert!(breaker.is_closed());
        for id in [1, 2, 3, 1, 2, 3] {
            let row = late(&breaker, id).await;
            assert!(breaker.is_closed() && !breaker.opened_in(row), "{id} opens it again");
        }

        // Once a key has succeeded, it counts as any other.
        let first = key(1);
        breaker.found(breaker.permit().await, &Found::Somebody { key: &first });
        late(&breaker, 5).await;
        assert!(breaker.is_closed());
        late(&breaker, 1).await;
        assert!(!breaker.is_closed());
    }
}
