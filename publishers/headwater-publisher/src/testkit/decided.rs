use std::fmt::Debug;

use headwater_event::{Decider, Events};

/// What was decided.
#[must_use = "a test says what is expected: `.yields(...)`, `.rejects(...)` or `.changes_nothing()`"]
pub struct Decided<D: Decider> {
    pub(super) decision: Result<Events<D::Event>, D::Rejection>,
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
        match self.decision {
            Ok(events) => assert_eq!(events.into_iter().collect::<Vec<_>>(), expected),
            Err(rejection) => panic!("the command is rejected: {rejection}; expected: {expected:?}"),
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
        match self.decision {
            Ok(events) => panic!("the command is accepted, and yields {events:?}; expected: {rejection:?}"),
            Err(actual) => assert_eq!(actual, rejection),
        }
    }
}
