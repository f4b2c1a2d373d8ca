use std::fmt::Debug;

use headwater_event::{Decider, Events};

use super::history::History;

/// What was decided.
///
/// An assertion that fails shows the history and the decision as a recording: kept in a file, it is a test from then on
/// ([`given_recorded`](super::given_recorded)).
#[must_use = "a test says what is expected: `.yields(...)`, `.rejects(...)` or `.changes_nothing()`"]
pub struct Decided<D: Decider> {
    pub(super) decision: Result<Events<D::Event>, D::Rejection>,
    pub(super) history: History<D::Event>,
}

impl<D: Decider<Event: Debug + PartialEq>> Decided<D> {
    /// The command is right, and exactly these events happen.
    ///
    /// # Panics
    ///
    /// When it is rejected, or other events happen.
    #[track_caller]
    pub fn yields(self, events: impl IntoIterator<Item = D::Event>) {
        let expected: Vec<_> = events.into_iter().collect();
        let Self { decision, history } = self;
        match decision.map(|events| events.into_iter().collect::<Vec<_>>()) {
            Ok(actual) if actual == expected => {}
            Ok(actual) => {
                panic!("the command yields {actual:?}; expected: {expected:?}\n{}", history.recorded(&actual))
            }
            Err(rejection) => panic!(
                "the command is rejected: {rejection}; expected: {expected:?}\n{}",
                history.recorded(&[])
            ),
        }
    }

    /// The command is right, and nothing happens.
    ///
    /// # Panics
    ///
    /// When it is rejected, or an event happens.
    #[track_caller]
    pub fn changes_nothing(self) {
        self.yields([]);
    }

    /// The command is refused, for this reason.
    ///
    /// # Panics
    ///
    /// When it isn't, or for another one.
    #[track_caller]
    pub fn rejects(self, rejection: D::Rejection)
    where
        D::Rejection: PartialEq,
    {
        let Self { decision, history } = self;
        match decision {
            Ok(events) => {
                let events: Vec<_> = events.into_iter().collect();
                panic!(
                    "the command is accepted, and yields {events:?}; expected: {rejection:?}\n{}",
                    history.recorded(&events)
                )
            }
            Err(actual) if actual == rejection => {}
            Err(actual) => panic!(
                "the command is rejected: {actual:?}; expected: {rejection:?}\n{}",
                history.recorded(&[])
            ),
        }
    }
}
