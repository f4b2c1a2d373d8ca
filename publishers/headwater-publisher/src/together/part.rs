use std::error::Error;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use headwater_event::{Aggregate, CommandContext, Decider, Events, Fingerprint};
use headwater_log::Append;
use jiff::Timestamp;

use crate::HandleError;
use crate::handling::Handling;
use crate::loaded::Loaded;

/// An aggregate of some kind that takes part in a decision.
pub(super) trait Participant<R: Error + Send + Sync + 'static>: Send + Sync {
    fn aggregate(&self) -> &Aggregate;

    fn version(&self) -> u64;

    /// Loads it, at least up to this sequence, for a command with this context.
    fn load<'a>(
        &'a mut self,
        at_least: u64,
        context: &'a CommandContext,
    ) -> BoxFuture<'a, Result<(), HandleError<R>>>;

    /// Where the service's event with this id is stored, if it is one of the aggregate's.
    fn sequence_of<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<u64>, HandleError<R>>>;

    /// Decides; its events are the command's from the `first`th on.
    fn decide(
        &mut self,
        context: &CommandContext,
        first: usize,
        at: Timestamp,
    ) -> Result<Append, HandleError<R>>;

    /// Its events are stored, from this sequence on. Returns how many they are.
    fn store(&mut self, context: &CommandContext, first: usize, sequence: u64) -> usize;
}

pub(super) struct Part<D: Decider> {
    handling: Arc<Handling<D>>,
    aggregate: Aggregate,
    command: D::Command,
    loaded: Loaded<D>,
    decided: Events<D::Event>,
}

impl<D: Decider> Part<D> {
    pub(super) fn new(handling: Arc<Handling<D>>, aggregate: Aggregate, command: D::Command) -> Self {
        Self { handling, aggregate, command, loaded: Loaded::new(), decided: Events::none() }
    }
}

impl<D: Decider, R: Error + Send + Sync + 'static + From<D::Rejection>> Participant<R> for Part<D> {
    fn aggregate(&self) -> &Aggregate {
        &self.aggregate
    }

    fn version(&self) -> u64 {
        self.loaded.version
    }

    fn load<'a>(
        &'a mut self,
        at_least: u64,
        context: &'a CommandContext,
    ) -> BoxFuture<'a, Result<(), HandleError<R>>> {
        async move {
            // What others are about to decide is loaded anew; this one's events come into the cache when they are stored.
            self.handling.cache.take(&self.aggregate);
            let loaded = self.handling.load(&self.aggregate, at_least, context).await;
            self.loaded = loaded.map_err(|error| error.map_rejection(R::from))?;
            Ok(())
        }
        .boxed()
    }

    fn sequence_of<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Option<u64>, HandleError<R>>> {
        async move {
            let sequence = self.handling.sequence_of(&self.aggregate, &self.loaded, id).await;
            sequence.map_err(|error| error.map_rejection(R::from))
        }
        .boxed()
    }

    fn decide(
        &mut self,
        context: &CommandContext,
        first: usize,
        at: Timestamp,
    ) -> Result<Append, HandleError<R>> {
        let decided = self.loaded.state.decide(&self.command, &self.handling.outbox);
        self.decided = decided.map_err(|rejection| HandleError::Rejected(rejection.into()))?;
        let events = self.handling.wrap(&self.decided, first, context, at)?;
        Ok(Append { aggregate: self.aggregate.clone(), expected: self.loaded.version, events })
    }

    fn store(&mut self, context: &CommandContext, first: usize, sequence: u64) -> usize {
        for ((event, index), sequence) in self.decided.iter().zip(first..).zip(sequence..) {
            let fingerprint = Fingerprint::new(&self.handling.source, &context.event_id(index));
            self.loaded.evolve(event, fingerprint, sequence);
        }
        let loaded = std::mem::replace(&mut self.loaded, Loaded::new());
        self.handling.remember(&self.aggregate, loaded);
        self.decided.len()
    }
}
