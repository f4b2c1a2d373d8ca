use std::collections::HashSet;
use std::pin::pin;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use headwater_event::{Aggregate, Decider};

use crate::{Aggregates, Command, HandleError, Receipt};

/// Sends a source's commands to their aggregates, with many appends under way at once.
///
/// Commands for one aggregate are handled strictly one after another, and the events of all are handed to
/// the log in the commands' order. The log holds [`Feed::send`] back when it is slower than the source.
pub struct Feed<D: Decider> {
    aggregates: Aggregates<D>,
    under_way: FuturesUnordered<BoxFuture<'static, Answer<D>>>,
    /// The aggregates that have a command under way.
    busy: HashSet<Aggregate>,
    summary: FeedSummary,
}

struct Answer<D: Decider> {
    aggregate: Aggregate,
    command_id: String,
    result: Result<Receipt, HandleError<D::Rejection>>,
}

/// What has become of a feed's commands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FeedSummary {
    /// Events that were stored.
    pub published: u64,
    /// Commands that had been handled before: nothing was stored again.
    pub repeated: u64,
    /// Commands that their aggregates refused.
    pub rejected: u64,
}

/// How many commands are under way at the most. More gain nothing: the log is busy with these.
const UNDER_WAY_MAX: usize = 1024;

impl<D: Decider> Feed<D> {
    /// A feed into these aggregates.
    #[must_use]
    pub fn new(aggregates: Aggregates<D>) -> Self {
        let summary = FeedSummary::default();
        Self { aggregates, under_way: FuturesUnordered::new(), busy: HashSet::new(), summary }
    }

    /// Sends a command, when there is room for it and its aggregate isn't busy.
    ///
    /// # Errors
    ///
    /// [`FeedError`], when an earlier command wasn't handled or this one can't be. Nothing more should be
    /// sent then; see [`Feed::finish`] for what has become of the others.
    pub async fn send(&mut self, command: Command<D>) -> Result<(), FeedError<D::Rejection>> {
        while let Some(Some(answer)) = self.under_way.next().now_or_never() {
            self.settle(answer)?;
        }
        let command_id = command.context.id().to_owned();
        let aggregate = match self.aggregates.aggregate(&command.key) {
            Ok(aggregate) => aggregate,
            Err(error) => return Err(self.error(command_id, error.into())),
        };
        while self.busy.len() >= UNDER_WAY_MAX || self.busy.contains(&aggregate) {
            match self.under_way.next().await {
                Some(answer) => self.settle(answer)?,
                None => break,
            }
        }
        self.busy.insert(aggregate.clone());
        let aggregates = self.aggregates.clone();
        let (mut begun, mut failed) = (pin!(aggregates.begin(aggregate.clone(), command)), Ok(()));
        let result = loop {
            tokio::select! {
                biased;
                result = &mut begun => break result,
                // What is under way may have the room that this one waits for.
                Some(answer) = self.under_way.next() => failed = failed.and(self.settle(answer)),
            }
        };
        self.under_way.push(result.map(|result| Answer { aggregate, command_id, result }).boxed());
        failed
    }

    /// Waits for something else, such as the source's next command. The answers that come meanwhile are
    /// dealt with, so a command that must be decided anew needn't wait for the next one.
    ///
    /// # Errors
    ///
    /// [`FeedError`], when an earlier command wasn't handled.
    pub async fn meanwhile<T>(
        &mut self,
        something: impl Future<Output = T>,
    ) -> Result<T, FeedError<D::Rejection>> {
        let mut something = pin!(something);
        loop {
            tokio::select! {
                biased;
                done = &mut something => return Ok(done),
                Some(answer) = self.under_way.next() => self.settle(answer)?,
            }
        }
    }

    /// Waits for the answers to everything that was sent.
    ///
    /// # Errors
    ///
    /// [`FeedError`] for the first command that wasn't handled. The others have been answered too.
    pub async fn finish(&mut self) -> Result<FeedSummary, FeedError<D::Rejection>> {
        let mut first = None;
        while let Some(answer) = self.under_way.next().await {
            if let Err(error) = self.settle(answer) {
                first.get_or_insert(error);
            }
        }
        match first {
            Some(error) => Err(FeedError { summary: self.summary, ..error }),
            None => Ok(self.summary),
        }
    }

    /// What has become of the commands that were answered so far.
    #[must_use]
    pub fn summary(&self) -> FeedSummary {
        self.summary
    }

    fn settle(&mut self, answer: Answer<D>) -> Result<(), FeedError<D::Rejection>> {
        let Answer { aggregate, command_id, result } = answer;
        self.busy.remove(&aggregate);
        match result {
            Ok(receipt) if receipt.repeated => self.summary.repeated += 1,
            Ok(receipt) => self.summary.published += receipt.events.len() as u64,
            Err(HandleError::Rejected(rejection)) => {
                tracing::warn!(command = command_id, %rejection, "the command was rejected");
                self.summary.rejected += 1;
            }
            Err(error) => return Err(self.error(command_id, error)),
        }
        Ok(())
    }

    fn error(&self, command_id: String, source: HandleError<D::Rejection>) -> FeedError<D::Rejection> {
        FeedError { command_id, summary: self.summary, source: Box::new(source) }
    }
}

/// A command of a feed that wasn't handled.
#[derive(Debug, thiserror::Error)]
#[error("the feed stopped at the command {command_id:?}, after {} events were stored; start it again, it goes on from there", summary.published)]
pub struct FeedError<R: std::error::Error + Send + Sync + 'static> {
    /// The command's id.
    pub command_id: String,
    /// What had become of the commands that were answered before.
    pub summary: FeedSummary,
    /// Why.
    pub source: Box<HandleError<R>>,
}
