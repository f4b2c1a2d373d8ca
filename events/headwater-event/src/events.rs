use std::{slice, vec};

use crate::EventSet;

/// What a decision comes to: the events that happened, in their order.
///
/// It is made of [`Events::none`] and of what [`Publishes::emit`](crate::Publishes::emit) yields, and of nothing else:
/// so no decider publishes what its outbox doesn't hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "events that aren't returned from `decide` are not published"]
pub struct Events<S> {
    events: Vec<S>,
}

impl<S: EventSet> Events<S> {
    /// Nothing happened.
    pub const fn none() -> Self {
        Self { events: Vec::new() }
    }

    /// These events, and then those.
    pub fn and(mut self, later: Self) -> Self {
        self.events.extend(later.events);
        self
    }

    pub(crate) fn one(event: S) -> Self {
        Self { events: vec![event] }
    }
}

impl<S> Events<S> {
    /// Whether nothing happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// How many events there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// The events, in their order.
    pub fn iter(&self) -> slice::Iter<'_, S> {
        self.events.iter()
    }
}

/// Several decisions in one: all their events, in order.
impl<S: EventSet> FromIterator<Self> for Events<S> {
    fn from_iter<I: IntoIterator<Item = Self>>(parts: I) -> Self {
        Self { events: parts.into_iter().flatten().collect() }
    }
}

impl<S> IntoIterator for Events<S> {
    type Item = S;
    type IntoIter = vec::IntoIter<S>;

    fn into_iter(self) -> Self::IntoIter {
        self.events.into_iter()
    }
}

impl<'a, S> IntoIterator for &'a Events<S> {
    type Item = &'a S;
    type IntoIter = slice::Iter<'a, S>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
