use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use headwater_log::testkit::{Claim, EventName, Told};
use headwater_publisher::{HandleError, Receipt};
use tokio::sync::watch;

use crate::account::AccountRejection;
use crate::bed::{Handled, SOURCE, aggregate};
use crate::spec::Spec;

/// What a caller was told of a command in the end.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) spec: Spec,
    pub(crate) answer: Result<Receipt, AccountRejection>,
    /// The last sequence that anybody had been told of when the command was sent for the time that was answered.
    pub(crate) begun_after: u64,
    /// The last sequence that there was when it was answered, if that is known.
    pub(crate) ended_at: Option<u64>,
}

impl Outcome {
    /// The receipt as a claim on the stream; none when the command changed nothing.
    pub(crate) fn claim(&self) -> Option<Claim> {
        let receipt = self.answer.as_ref().ok().filter(|receipt| !receipt.events.is_empty())?;
        let event = |id: &String| EventName { source: SOURCE.to_owned(), id: id.clone() };
        Some(Claim {
            aggregate: aggregate(&self.spec.account),
            events: receipt.events.iter().map(event).collect(),
            expected: None,
            told: Told::Stored { last: receipt.sequence, repeated: receipt.repeated },
        })
    }
}

/// What all callers were told.
pub(crate) struct Ledger {
    outcomes: Mutex<Vec<Outcome>>,
    told_max: AtomicU64,
    answered: watch::Sender<u64>,
    last_stored: Mutex<Instant>,
    silence_max: Mutex<Duration>,
    unavailable: AtomicU64,
    contended: AtomicU64,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self {
            outcomes: Mutex::default(),
            told_max: AtomicU64::new(0),
            answered: watch::Sender::new(0),
            last_stored: Mutex::new(Instant::now()),
            silence_max: Mutex::default(),
            unavailable: AtomicU64::new(0),
            contended: AtomicU64::new(0),
        }
    }

    /// What everybody who begins now must see.
    pub(crate) fn told_max(&self) -> u64 {
        self.told_max.load(Ordering::SeqCst)
    }

    /// Takes an answer down; false when the command must be sent again.
    pub(crate) fn take(&self, spec: &Spec, begun_after: u64, handled: Handled) -> bool {
        let answer = match handled {
            Ok(receipt) => {
                self.told_max.fetch_max(receipt.sequence, Ordering::SeqCst);
                if !receipt.events.is_empty() && !receipt.repeated {
                    self.stored();
                }
                Ok(receipt)
            }
            Err(HandleError::Rejected(rejection)) => Err(rejection),
            Err(HandleError::Conflict { .. }) => {
                self.contended.fetch_add(1, Ordering::Relaxed);
                return false;
            }
            Err(error) if error.is_unavailable() => {
                self.unavailable.fetch_add(1, Ordering::Relaxed);
                return false;
            }
            Err(error) => panic!("{spec:?}: {error:?}"),
        };
        let outcome = Outcome { spec: spec.clone(), answer, begun_after, ended_at: None };
        self.outcomes.lock().unwrap().push(outcome);
        self.answered.send_modify(|answered| *answered += 1);
        true
    }

    fn stored(&self) {
        let now = Instant::now();
        let before = std::mem::replace(&mut *self.last_stored.lock().unwrap(), now);
        let mut silence_max = self.silence_max.lock().unwrap();
        *silence_max = (*silence_max).max(now.duration_since(before));
    }

    pub(crate) fn answered(&self) -> u64 {
        *self.answered.borrow()
    }

    /// Waits until so many more commands are answered.
    pub(crate) async fn more(&self, count: u64) {
        let end = self.answered() + count;
        self.answered.subscribe().wait_for(|answered| *answered >= end).await.unwrap();
    }

    pub(crate) fn outcomes(&self) -> Vec<Outcome> {
        self.outcomes.lock().unwrap().clone()
    }

    /// The figures of a run, for whoever reads the test's output.
    pub(crate) fn figures(&self) -> String {
        let outcomes = self.outcomes.lock().unwrap();
        let rejected = outcomes.iter().filter(|outcome| outcome.answer.is_err()).count();
        let repeated = outcomes
            .iter()
            .filter(|outcome| outcome.answer.as_ref().is_ok_and(|receipt| receipt.repeated))
            .count();
        format!(
            "{} commands answered ({rejected} rejected, {repeated} repeated), {} sent again without an answer, {} after \
             ten conflicts, nothing stored for {:.1?} at the longest",
            outcomes.len(),
            self.unavailable.load(Ordering::Relaxed),
            self.contended.load(Ordering::Relaxed),
            self.silence_max.lock().unwrap(),
        )
    }
}
