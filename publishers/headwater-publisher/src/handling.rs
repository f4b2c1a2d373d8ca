use std::future::ready;
use std::sync::{Arc, OnceLock};

use futures::FutureExt as _;
use futures::future::Either;
use headwater_event::{
    Aggregate, CommandContext, Decider, Domain, Envelope, Events, Fingerprint, Outbox, Schemas,
};
use headwater_log::{Append, AppendError, Appended, Backoff, Log, PendingAppend};
use jiff::Timestamp;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use crate::cache::Cache;
use crate::loaded::Loaded;
use crate::snapshots::{LoadError, Snapshooter};
use crate::{Command, HandleError, InvalidEvents, Limits, Receipt};

/// How commands are handled: load, decide, append, and again for as long as others are first.
pub(crate) struct Handling<D: Decider> {
    pub(crate) log: Log,
    pub(crate) domain: Domain,
    pub(crate) source: String,
    pub(crate) limits: Limits,
    pub(crate) outbox: D::Outbox,
    schemas: Schemas,
    pub(crate) cache: Cache<D>,
    pub(crate) snapshots: OnceLock<Snapshooter<D>>,
}

enum Attempt<D: Decider> {
    /// There was nothing to store.
    Done(Receipt),
    Appending(Appending<D>),
}

/// A command whose events are on their way for the first time.
struct UnderWay<D: Decider> {
    aggregate: Aggregate,
    command: Command<D>,
    appending: Appending<D>,
}

/// A decision whose events are on their way.
struct Appending<D: Decider> {
    loaded: Loaded<D>,
    events: Events<D::Event>,
    answer: PendingAppend,
}

impl<D: Decider> Handling<D> {
    pub(crate) fn new(log: Log, domain: Domain, source: String, schemas: Schemas, limits: Limits) -> Self {
        let (outbox, cache) = (D::Outbox::new(), Cache::new(limits.cached_max));
        Self { log, domain, source, limits, outbox, schemas, cache, snapshots: OnceLock::new() }
    }

    pub(crate) async fn begin(
        this: &Arc<Self>,
        aggregate: Aggregate,
        command: Command<D>,
        assume_new: bool,
    ) -> impl Future<Output = Result<Receipt, HandleError<D::Rejection>>> + Send + use<D> {
        let deadline = Instant::now() + this.limits.time_max;
        let first = timeout_at(deadline, this.first_attempt(&aggregate, &command, assume_new)).await;
        // Nothing was handed over yet.
        match first.unwrap_or_else(|elapsed| Err(HandleError::Unavailable(elapsed.into()))) {
            Err(error) => Either::Left(ready(Err(error))),
            Ok(Attempt::Done(receipt)) => Either::Left(ready(Ok(receipt))),
            Ok(Attempt::Appending(appending)) => {
                // It would be moved about with each future around it.
                let under_way = Box::new(UnderWay { aggregate, command, appending });
                let finishing = Arc::clone(this).finish(under_way, deadline);
                let unknown = |elapsed: Elapsed| Err(HandleError::Unknown(elapsed.into()));
                Either::Right(timeout_at(deadline, finishing).map(move |done| done.unwrap_or_else(unknown)))
            }
        }
    }

    pub(crate) fn receipt(&self, sequence: u64, events: Vec<String>, repeated: bool) -> Receipt {
        Receipt { domain: self.domain.clone(), sequence, events, repeated }
    }

    /// Wraps the events of a decision, the first one of them as the `first`th of the command, and checks them.
    pub(crate) fn wrap(
        &self,
        events: &Events<D::Event>,
        first: usize,
        context: &CommandContext,
        at: Timestamp,
    ) -> Result<Vec<Envelope>, InvalidEvents> {
        let wrap = |(event, index): (&D::Event, usize)| {
            let envelope = context.envelope(event, index, &self.source, at)?;
            self.schemas.check(&envelope)?;
            Ok(envelope)
        };
        events.iter().zip(first..).map(wrap).collect()
    }

    async fn first_attempt(
        &self,
        aggregate: &Aggregate,
        command: &Command<D>,
        assume_new: bool,
    ) -> Result<Attempt<D>, HandleError<D::Rejection>> {
        if let Some(cached) = self.cache.take(aggregate) {
            let version = cached.version;
            let attempt = self.attempt(aggregate, command, cached).await;
            // The cache may be behind, which the log tells whoever appends. So what appends nothing must be
            // decided on the log's state; but a command that was handled stays handled.
            let unchecked = match &attempt {
                Ok(Attempt::Done(receipt)) => !receipt.repeated,
                Ok(Attempt::Appending(_)) => false,
                Err(error) => error.is_rejected(),
            };
            return if unchecked {
                Box::pin(self.load_and_attempt(aggregate, command, version)).await
            } else {
                attempt
            };
        }
        if assume_new {
            let new = Loaded::<D>::new();
            if let Ok(events) = new.state.decide(&command.command, &self.outbox)
                && !events.is_empty()
            {
                return self.append(aggregate, command, new, events).await.map(Attempt::Appending);
            }
        }
        Box::pin(self.load_and_attempt(aggregate, command, 0)).await
    }

    async fn load_and_attempt(
        &self,
        aggregate: &Aggregate,
        command: &Command<D>,
        at_least: u64,
    ) -> Result<Attempt<D>, HandleError<D::Rejection>> {
        let loaded = self.load(aggregate, at_least, &command.context).await?;
        self.attempt(aggregate, command, loaded).await
    }

    /// Loads an aggregate, for a command with this context.
    pub(crate) async fn load(
        &self,
        aggregate: &Aggregate,
        at_least: u64,
        context: &CommandContext,
    ) -> Result<Loaded<D>, HandleError<D::Rejection>> {
        if let Some(snapshots) = self.snapshots.get() {
            let first = Fingerprint::new(&self.source, &context.event_id(0));
            let loaded =
                snapshots.load(&self.log, aggregate, at_least, first).await.map_err(|error| match error {
                    LoadError::Read(error) => HandleError::from(error),
                    LoadError::History(error) => HandleError::from(error),
                })?;
            if let Some(loaded) = loaded {
                return Ok(loaded);
            }
        }
        let events = self.log.load(aggregate, at_least).await?;
        Ok(Loaded::new().after(&events)?)
    }

    /// Where this service's event is stored, if it is one of the aggregate's.
    pub(crate) async fn sequence_of(
        &self,
        aggregate: &Aggregate,
        loaded: &Loaded<D>,
        id: &str,
    ) -> Result<Option<u64>, HandleError<D::Rejection>> {
        let event = Fingerprint::new(&self.source, id);
        match (loaded.sequence_of(event), self.snapshots.get()) {
            (None, Some(snapshots)) if loaded.may_have_forgotten(event) => {
                Ok(snapshots.sequence_of(&self.log, aggregate, &loaded.noted, event).await?)
            }
            (sequence, _) => Ok(sequence),
        }
    }

    /// Keeps an aggregate in memory, and a snapshot of it if it is time.
    pub(crate) fn remember(&self, aggregate: &Aggregate, mut loaded: Loaded<D>) {
        if let Some(snapshots) = self.snapshots.get() {
            snapshots.take(&self.log, aggregate, &mut loaded);
        }
        self.cache.put(aggregate, loaded);
    }

    /// The receipt of a command that was handled before.
    async fn repeated(
        &self,
        aggregate: &Aggregate,
        loaded: &Loaded<D>,
        context: &CommandContext,
    ) -> Result<Option<Receipt>, HandleError<D::Rejection>> {
        let (mut events, mut last) = (Vec::new(), 0);
        // They were stored all or none, so the ones that are there are all.
        loop {
            let id = context.event_id(events.len());
            let Some(sequence) = self.sequence_of(aggregate, loaded, &id).await? else { break };
            last = sequence;
            events.push(id);
        }
        Ok((!events.is_empty()).then(|| self.receipt(last, events, true)))
    }

    /// Decides, and hands what was decided over to the log.
    async fn attempt(
        &self,
        aggregate: &Aggregate,
        command: &Command<D>,
        loaded: Loaded<D>,
    ) -> Result<Attempt<D>, HandleError<D::Rejection>> {
        if let Some(receipt) = self.repeated(aggregate, &loaded, &command.context).await? {
            self.remember(aggregate, loaded);
            return Ok(Attempt::Done(receipt));
        }
        let events = match loaded.state.decide(&command.command, &self.outbox) {
            Ok(events) => events,
            Err(rejection) => {
                self.remember(aggregate, loaded);
                return Err(HandleError::Rejected(rejection));
            }
        };
        if events.is_empty() {
            let receipt = self.receipt(loaded.version, Vec::new(), false);
            self.remember(aggregate, loaded);
            return Ok(Attempt::Done(receipt));
        }
        self.append(aggregate, command, loaded, events).await.map(Attempt::Appending)
    }

    /// Hands what was decided over to the log.
    async fn append(
        &self,
        aggregate: &Aggregate,
        command: &Command<D>,
        loaded: Loaded<D>,
        events: Events<D::Event>,
    ) -> Result<Appending<D>, HandleError<D::Rejection>> {
        let envelopes = self.wrap(&events, 0, &command.context, command.at)?;
        let append = Append { aggregate: aggregate.clone(), expected: loaded.version, events: envelopes };
        let answer = self.log.begin_append(append).await?;
        Ok(Appending { loaded, events, answer })
    }

    /// Waits for the log's answer, and decides anew for as long as others were first.
    async fn finish(
        self: Arc<Self>,
        mut under_way: Box<UnderWay<D>>,
        deadline: Instant,
    ) -> Result<Receipt, HandleError<D::Rejection>> {
        let answer = (&mut under_way.appending.answer).await;
        let UnderWay { aggregate, command, appending: Appending { loaded, events, .. } } = *under_way;
        match answer {
            Ok(Appended { last, duplicate: false }) => {
                Ok(self.stored(&aggregate, &command, loaded, &events, last))
            }
            // What is rare is kept apart: it takes some kilobytes, which would be moved about for each command.
            answer => {
                // Whoever guessed that the aggregate is new has not lost a race, and needn't wait.
                let raced = loaded.version > 0;
                Box::pin(self.decide_again(&aggregate, &command, raced, answer, deadline)).await
            }
        }
    }

    /// Decides anew on what is stored now, for as long as that changes meanwhile.
    async fn decide_again(
        &self,
        aggregate: &Aggregate,
        command: &Command<D>,
        mut raced: bool,
        mut answer: Result<Appended, AppendError>,
        deadline: Instant,
    ) -> Result<Receipt, HandleError<D::Rejection>> {
        let mut backoff = Backoff::until(deadline);
        let (mut attempts, mut stored) = (1, false);
        loop {
            let at_least = match answer {
                // An earlier attempt has stored the events, maybe onto others than were loaded: a log that
                // recognises events needn't compare versions. What was loaded is no state to go on from.
                Ok(Appended { last, .. }) => {
                    stored = true;
                    last
                }
                Err(AppendError::Conflict { aggregate, actual, .. }) => {
                    if attempts == self.limits.attempts_max.get() || (raced && !backoff.wait().await) {
                        return Err(HandleError::Conflict { aggregate, actual, attempts });
                    }
                    actual
                }
                Err(error) => return Err(error.into()),
            };
            (attempts, raced) = (attempts + 1, true);
            let again = match self.load_and_attempt(aggregate, command, at_least).await {
                Ok(Attempt::Done(receipt)) => return Ok(receipt),
                Ok(Attempt::Appending(again)) => again,
                // Only where is still to be found.
                Err(HandleError::Unavailable(source)) if stored => return Err(HandleError::Unknown(source)),
                Err(error) => return Err(error),
            };
            if attempts > self.limits.attempts_max.get() {
                return Err(HandleError::Unknown("the log has the events, and they aren't found".into()));
            }
            answer = match again.answer.await {
                Ok(Appended { last, duplicate: false }) => {
                    return Ok(self.stored(aggregate, command, again.loaded, &again.events, last));
                }
                answer => answer,
            };
        }
    }

    /// The events of a decision are stored, the last one here.
    fn stored(
        &self,
        aggregate: &Aggregate,
        command: &Command<D>,
        mut loaded: Loaded<D>,
        events: &Events<D::Event>,
        last: u64,
    ) -> Receipt {
        let ids: Vec<_> = (0..events.len()).map(|index| command.context.event_id(index)).collect();
        // What is stored together has no gap.
        let first = last + 1 - events.len() as u64;
        for ((event, id), sequence) in events.iter().zip(&ids).zip(first..) {
            loaded.evolve(event, Fingerprint::new(&self.source, id), sequence);
        }
        self.remember(aggregate, loaded);
        self.receipt(last, ids, false)
    }
}
