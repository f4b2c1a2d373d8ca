//! Commands on which several aggregates decide.

mod part;

use std::error::Error;

use futures::future::try_join_all;
use headwater_event::{Aggregate, CommandContext, Decider, Domain};
use headwater_log::{AppendError, Appended, Backoff, Commit, Log};
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use crate::{Aggregates, Command, HandleError, InvalidEvents, Key, Limits, Receipt};

use part::{Part, Participant};

/// One command on which several aggregates of a domain decide: all their events are stored, or none, each aggregate's under
/// its own expected version.
///
/// The aggregates may be of different kinds. `R` is what any of them may answer: the rejection of the only kind, or an enum
/// with a `From` for each kind's. An aggregate whose decision yields no event isn't guarded: what it said may have changed
/// when the others' events are stored. Let it yield one, if that matters.
///
/// # Example: a transfer between two accounts
///
/// ```no_run
/// # use headwater_event::Decider;
/// # use headwater_publisher::{Aggregates, Command, HandleError, Key, Receipt, Together};
/// # async fn transfer<A: Decider>(
/// #     accounts: &Aggregates<A>, withdraw: Command<A>, bob: Key<A>, deposit: A::Command,
/// # ) -> Result<Receipt, HandleError<A::Rejection>> {
/// // `withdraw` names Ann's account, and has the id of the whole transfer.
/// Together::of(accounts, withdraw).and(accounts, bob, deposit).handle().await
/// # }
/// ```
#[must_use = "it is handled by `.handle()`"]
pub struct Together<R: Error + Send + Sync + 'static> {
    log: Log,
    domain: Domain,
    limits: Limits,
    context: CommandContext,
    at: Timestamp,
    parts: Vec<Box<dyn Participant<R>>>,
    invalid: Option<InvalidEvents>,
    /// Whether something was handed over to the log.
    sent: bool,
}

impl<R: Error + Send + Sync + 'static> Together<R> {
    /// What the first aggregate is asked for, by a command whose id and time are those of the whole. Its limits are too.
    pub fn of<D: Decider>(aggregates: &Aggregates<D>, command: Command<D>) -> Self
    where
        R: From<D::Rejection>,
    {
        let Command { key, command, context, at } = command;
        let handling = &aggregates.handling;
        let (log, domain, limits) = (handling.log.clone(), handling.domain.clone(), handling.limits.clone());
        Self { log, domain, limits, context, at, parts: Vec::new(), invalid: None, sent: false }
            .and(aggregates, key, command)
    }

    /// What another aggregate is asked for.
    pub fn and<D: Decider>(mut self, aggregates: &Aggregates<D>, key: Key<D>, command: D::Command) -> Self
    where
        R: From<D::Rejection>,
    {
        match aggregates.aggregate(&key) {
            Ok(aggregate) => {
                self.parts.push(Box::new(Part::new(aggregates.handling.clone(), aggregate, command)));
            }
            Err(invalid) => self.invalid = Some(invalid),
        }
        self
    }

    /// Handles the command: loads all, lets each decide, and stores what they yield. A command whose id was handled
    /// before yields the same receipt, and nothing is stored.
    ///
    /// # Errors
    ///
    /// [`HandleError`], as for a single aggregate. The first rejection is the answer.
    pub async fn handle(mut self) -> Result<Receipt, HandleError<R>> {
        if let Some(invalid) = self.invalid.take() {
            return Err(invalid.into());
        }
        let deadline = Instant::now() + self.limits.time_max;
        let handled = timeout_at(deadline, self.decide_until(deadline)).await;
        handled.unwrap_or_else(|elapsed| {
            let elapsed = elapsed.into();
            Err(if self.sent { HandleError::Unknown(elapsed) } else { HandleError::Unavailable(elapsed) })
        })
    }

    async fn decide_until(&mut self, deadline: Instant) -> Result<Receipt, HandleError<R>> {
        let mut backoff = Backoff::until(deadline);
        let (mut attempts, mut outdated, mut stored) = (0, None, false);
        loop {
            attempts += 1;
            match self.load_or_find(outdated.take()).await {
                Ok(None) => {}
                Ok(Some(receipt)) => return Ok(receipt),
                // Only where is still to be found.
                Err(HandleError::Unavailable(source)) if stored => return Err(HandleError::Unknown(source)),
                Err(error) => return Err(error),
            }
            let (commit, count) = self.decide()?;
            let Some(commit) = commit else {
                let version = self.parts.iter().map(|part| part.version()).max();
                return Ok(self.receipt(version.unwrap_or(0), 0));
            };
            self.sent = true;
            match self.log.commit(commit).await {
                Ok(Appended { last, duplicate: false }) => {
                    self.store(last + 1 - count as u64);
                    return Ok(self.receipt(last, count));
                }
                // An earlier attempt has stored them, and the next load shows where.
                Ok(Appended { duplicate: true, .. }) if attempts < self.limits.attempts_max.get() => {
                    stored = true
                }
                Ok(Appended { duplicate: true, .. }) => {
                    return Err(HandleError::Unknown("the log has the events, and they aren't found".into()));
                }
                Err(AppendError::Conflict { aggregate, actual, .. }) => {
                    if attempts == self.limits.attempts_max.get() || !backoff.wait().await {
                        return Err(HandleError::Conflict { aggregate, actual, attempts });
                    }
                    outdated = Some((aggregate, actual));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Loads all aggregates, and returns the receipt if the command was handled before.
    async fn load_or_find(
        &mut self,
        outdated: Option<(Aggregate, u64)>,
    ) -> Result<Option<Receipt>, HandleError<R>> {
        self.load(outdated).await?;
        self.repeated().await
    }

    /// Loads all aggregates at once, the outdated one at least up to what another writer has stored.
    async fn load(&mut self, outdated: Option<(Aggregate, u64)>) -> Result<(), HandleError<R>> {
        let mut loading = Vec::with_capacity(self.parts.len());
        for part in &mut self.parts {
            let at_least = match &outdated {
                Some((outdated, version)) if outdated == part.aggregate() => *version,
                _ => 0,
            };
            loading.push(part.load(at_least, &self.context));
        }
        try_join_all(loading).await.map(drop)
    }

    /// The receipt, if the command was handled before.
    async fn repeated(&self) -> Result<Option<Receipt>, HandleError<R>> {
        let (mut count, mut last) = (0, 0);
        while let Some(sequence) = self.sequence_of(&self.context.event_id(count)).await? {
            last = sequence;
            count += 1;
        }
        Ok((count > 0).then(|| Receipt { repeated: true, ..self.receipt(last, count) }))
    }

    async fn sequence_of(&self, id: &str) -> Result<Option<u64>, HandleError<R>> {
        for part in &self.parts {
            if let Some(sequence) = part.sequence_of(id).await? {
                return Ok(Some(sequence));
            }
        }
        Ok(None)
    }

    /// What all of them decide, and how many events that is.
    fn decide(&mut self) -> Result<(Option<Commit>, usize), HandleError<R>> {
        let (mut commit, mut count) = (None::<Commit>, 0);
        for part in &mut self.parts {
            let append = part.decide(&self.context, count, self.at)?;
            count += append.events.len();
            if !append.events.is_empty() {
                commit = Some(match commit {
                    None => Commit::from(append),
                    Some(commit) => commit.and(append),
                });
            }
        }
        Ok((commit, count))
    }

    /// All is stored, without a gap from this sequence on.
    fn store(&mut self, first: u64) {
        let (mut index, mut sequence) = (0, first);
        for part in &mut self.parts {
            let count = part.store(&self.context, index, sequence);
            index += count;
            sequence += count as u64;
        }
    }

    fn receipt(&self, sequence: u64, count: usize) -> Receipt {
        let events = (0..count).map(|index| self.context.event_id(index)).collect();
        Receipt { domain: self.domain.clone(), sequence, events, repeated: false }
    }
}
