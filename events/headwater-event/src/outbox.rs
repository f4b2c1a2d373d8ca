use std::fmt;
use std::marker::PhantomData;

use crate::{Event, EventType, Events, Holds};

/// All that a decider may publish: a struct with one [`Publishes`] for each event. Write
/// `#[outbox(contract = "contract.toml")]` on the struct; in a test the contract may be left out.
///
/// A field is the only way to emit its event, so an event whose field nothing reads is never published, and the
/// compiler says so.
pub trait Outbox: Send + Sync + 'static {
    /// The types of its events.
    const EVENTS: &'static [EventType<'static>];

    /// The outbox. Runtimes and test kits call this; a decider gets a reference.
    fn new() -> Self;
}

/// The right to publish one kind of event: a field of an [`Outbox`].
pub struct Publishes<E> {
    event: PhantomData<fn(E)>,
}

impl<E: Event> Publishes<E> {
    /// Says that this has happened. It is published when the decision that it is part of stands.
    #[must_use = "an event that isn't returned from `decide` is not published"]
    pub fn emit<S: Holds<E>>(&self, event: E) -> Events<S> {
        Events::one(S::hold(event))
    }
}

impl<E> fmt::Debug for Publishes<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Publishes")
    }
}

/// Only `#[outbox]` calls it: a right that everyone can make is none.
#[must_use]
pub const fn publishes<E>() -> Publishes<E> {
    Publishes { event: PhantomData }
}
