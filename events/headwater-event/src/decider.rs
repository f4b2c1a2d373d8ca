use std::error::Error;

use crate::{EventSet, Events, Outbox};

/// The decision part of an aggregate: a pure function from state and command to events, and another
/// from state and event to state.
///
/// `Self` is the state; `Self::default()` is the state before the first event. Neither function may
/// read a clock, a random number or anything else from outside, so a replay yields the same state and
/// a test needs nothing but values. The term and the shape are Jérémie Chassaing's ("Functional Event
/// Sourcing Decider", 2021).
pub trait Decider: Default + Send + Sync + 'static {
    /// What a caller asks for.
    type Command: Send + Sync + 'static;
    /// What can have happened to this aggregate.
    type Event: EventSet;
    /// What it may publish.
    type Outbox: Outbox;
    /// Why a command is refused.
    type Rejection: Error + Send + Sync + 'static;

    /// Decides on a command. Events come from the outbox's fields: `outbox.paid.emit(...)`; [`Events::none`] means
    /// that the command is right and changes nothing.
    ///
    /// # Errors
    ///
    /// The rejection, which reaches the caller as it is; nothing is stored.
    fn decide(
        &self,
        command: &Self::Command,
        outbox: &Self::Outbox,
    ) -> Result<Events<Self::Event>, Self::Rejection>;

    /// Applies an event that has happened. It can't fail: what is stored is true.
    fn evolve(&mut self, event: &Self::Event);
}
