//! What the same commands come to when they are handled one after another.

use std::collections::{BTreeMap, HashMap};

use headwater_event::{Decider as _, EventSet as _, Outbox as _};
use headwater_log::StoredEvent;

use crate::account::{Account, AccountEvent, AccountOutbox, AccountRejection};
use crate::ledger::Outcome;
use crate::spec::Spec;

/// Proves that the stream, and every answer, is what one writer alone would have come to, with the commands in the
/// order of the stream: each command once, decided on all that came before it.
pub(crate) fn audit(stored: &[StoredEvent], outcomes: &[Outcome]) {
    let model = Model::of(stored, outcomes);
    for outcome in outcomes {
        model.check(outcome);
    }
}

struct Model {
    outbox: AccountOutbox,
    /// Each account before its first decision and after each one, by the last sequence of the decision.
    states: HashMap<String, BTreeMap<u64, Account>>,
    /// The first and the last sequence of each command that is stored.
    places: HashMap<String, (u64, u64)>,
    /// An account to which nothing has happened.
    untouched: BTreeMap<u64, Account>,
}

impl Model {
    /// Handles the stored commands again, one after another.
    fn of(stored: &[StoredEvent], outcomes: &[Outcome]) -> Self {
        let specs: HashMap<_, _> =
            outcomes.iter().map(|outcome| (outcome.spec.id.as_str(), &outcome.spec)).collect();
        let untouched = BTreeMap::from([(0, Account::default())]);
        let (outbox, states, places) = (AccountOutbox::new(), HashMap::new(), HashMap::new());
        let mut model = Self { outbox, states, places, untouched };
        let command_of = |event: &StoredEvent| event.envelope.causation_id().unwrap().to_owned();
        for events in stored.chunk_by(|one, next| command_of(one) == command_of(next)) {
            let id = command_of(&events[0]);
            let spec =
                specs.get(id.as_str()).unwrap_or_else(|| panic!("{id} is stored, and was never answered"));
            model.replay(spec, events);
        }
        model
    }

    fn replay(&mut self, spec: &Spec, events: &[StoredEvent]) {
        let place = (events[0].sequence, events[events.len() - 1].sequence);
        if let Some(before) = self.places.insert(spec.id.clone(), place) {
            panic!("{spec:?} is stored at {before:?} and again at {place:?}");
        }
        let states = self.states.entry(spec.account.clone()).or_insert_with(|| self.untouched.clone());
        let mut state = states.last_key_value().unwrap().1.clone();
        let decided = state.decide(&spec.command().command, &self.outbox);
        let decided: Vec<_> = decided.expect("a stored command is not rejected").into_iter().collect();
        let stored: Vec<_> = events.iter().map(decode).collect();
        assert_eq!(stored, decided, "{spec:?} at {place:?} was decided on another state");
        stored.iter().for_each(|event| state.evolve(event));
        states.insert(place.1, state);
    }

    fn check(&self, outcome: &Outcome) {
        let Outcome { spec, answer, begun_after, .. } = outcome;
        let place = self.places.get(&spec.id);
        match answer {
            Ok(receipt) if receipt.events.is_empty() => {
                assert!(!receipt.repeated, "{outcome:?}");
                let found = self.candidates(outcome).any(|(version, state)| {
                    version == receipt.sequence && self.decide(state, spec).is_ok_and(|events| events == 0)
                });
                assert!(found, "{outcome:?} had something to do in every state that it may have seen");
            }
            Ok(receipt) => {
                let count = receipt.events.len() as u64;
                let said = (receipt.sequence + 1 - count, receipt.sequence);
                assert_eq!(place, Some(&said), "{outcome:?}");
                let in_time = receipt.repeated || said.0 > *begun_after;
                assert!(in_time, "{outcome:?} is older than its command, and not called repeated");
            }
            Err(rejection) => {
                let rejects = |state| self.decide(state, spec).as_ref() == Err(rejection);
                let found = self.candidates(outcome).any(|(_, state)| rejects(state));
                assert!(found, "{outcome:?} is right for no state that it may have seen");
            }
        }
    }

    /// The states that the account had between the command and its answer, without the command itself: whoever
    /// answers on an earlier one has not seen what others had been told before, and after the command itself it is to
    /// be recognised.
    fn candidates<'a>(&'a self, outcome: &Outcome) -> impl Iterator<Item = (u64, &'a Account)> {
        let place = self.places.get(&outcome.spec.id).map(|place| place.0);
        let end = place.unwrap_or(u64::MAX).min(outcome.ended_at.map_or(u64::MAX, |last| last + 1));
        let begun_after = outcome.begun_after;
        let states = self.states.get(&outcome.spec.account).unwrap_or(&self.untouched);
        // A state lasts until the next one.
        let until = states.keys().skip(1).copied().chain([u64::MAX]);
        let candidates = states.iter().zip(until);
        candidates
            .filter(move |((from, _), until)| **from < end && *until > begun_after)
            .map(|((version, state), _)| (*version, state))
    }

    /// How many events a command comes to on a state.
    fn decide(&self, state: &Account, spec: &Spec) -> Result<usize, AccountRejection> {
        state.decide(&spec.command().command, &self.outbox).map(|events| events.len())
    }
}

fn decode(event: &StoredEvent) -> AccountEvent {
    let envelope = &event.envelope;
    AccountEvent::decode(envelope.event_type().unwrap(), envelope.data()).unwrap().unwrap()
}
