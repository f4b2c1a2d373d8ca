use std::num::NonZeroUsize;
use std::sync::Arc;

use headwater_event::{Aggregate, Decider, Domain, EventSet, Events, Fingerprint, Outbox, SubjectError};
use headwater_log::{Append, AppendError, Appended, Backoff, Log, OpenError, PendingAppend};

use crate::cache::{Cache, Handled, Loaded};
use crate::{Command, HandleError, Key, Receipt};

/// The aggregates of one kind, as a service sees them: it hands commands over and gets receipts.
///
/// Cloning is cheap, and clones share the cache.
pub struct Aggregates<D: Decider> {
    shared: Arc<Shared<D>>,
    assume_new: bool,
}

struct Shared<D: Decider> {
    log: Log,
    domain: Domain,
    source: String,
    outbox: D::Outbox,
    cache: Cache<D>,
}

/// How many aggregates are kept in memory by default.
const CACHED_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(16 * 1024 - 1);

/// How often a command is decided, when others are first each time.
const ATTEMPTS_MAX: usize = 10;

impl<D: Decider> Aggregates<D> {
    /// The aggregates of the decider `D` in `log`, whose stream is created if it isn't there. `source`
    /// names the publishing service: a URI reference, such as `/flight-ops`.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when the stream can't be opened.
    pub async fn open(log: Log, source: impl Into<String>) -> Result<Self, OpenError> {
        let name = D::Event::TYPES.first().map_or("", |event| event.domain);
        let domain: Domain = name.parse().map_err(|error: SubjectError| OpenError::Unfit {
            stream: name.to_owned(),
            problem: error.to_string(),
        })?;
        log.open(&domain).await?;
        let (source, outbox, cache) = (source.into(), D::Outbox::new(), Cache::new(CACHED_MAX));
        Ok(Self { shared: Arc::new(Shared { log, domain, source, outbox, cache }), assume_new: false })
    }

    /// Lets an aggregate that isn't in the cache be taken for a new one, if the command is right for a new
    /// one. The expected version tells when that was wrong, and then it is loaded; so this saves a read for
    /// each new aggregate, and costs a failed append for one that isn't new.
    #[must_use]
    pub fn assuming_new(self) -> Self {
        Self { assume_new: true, ..self }
    }

    /// The domain that owns the aggregates.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.shared.domain
    }

    /// Handles a command: decides on the aggregate's state, and appends what it yields, all or nothing. A
    /// command whose id was handled before yields the same receipt, and nothing is stored.
    ///
    /// # Errors
    ///
    /// [`HandleError`], which says whether something was stored.
    pub async fn handle(&self, command: Command<D>) -> Result<Receipt, HandleError<D::Rejection>> {
        let aggregate = self.aggregate(&command.key)?;
        self.begin(aggregate, command).await.await
    }

    /// The aggregate that `key` names.
    pub(crate) fn aggregate(&self, key: &Key<D>) -> Result<Aggregate, SubjectError> {
        let name = D::Event::TYPES.first().map_or("", |event| event.aggregate);
        Aggregate::new(self.shared.domain.clone(), name, key.to_string())
    }

    /// Decides on a command and hands its events over to the log. The answer is another future, which does
    /// the rest: commands that are begun one after another are stored in that order, unless others
    /// interfere. Don't begin a second command for an aggregate before the first one is answered: it would
    /// be decided on an outdated state, and have to be decided again.
    pub(crate) async fn begin(
        &self,
        aggregate: Aggregate,
        command: Command<D>,
    ) -> impl Future<Output = Result<Receipt, HandleError<D::Rejection>>> + Send + use<D> {
        let first = self.shared.first_attempt(&aggregate, &command, self.assume_new).await;
        let shared = Arc::clone(&self.shared);
        async move {
            match first? {
                Attempt::Done(receipt) => Ok(receipt),
                Attempt::Appending(appending) => shared.finish(&aggregate, &command, appending).await,
            }
        }
    }
}

impl<D: Decider> Clone for Aggregates<D> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), assume_new: self.assume_new }
    }
}

enum Attempt<D: Decider> {
    /// There was nothing to store.
    Done(Receipt),
    Appending(Appending<D>),
}

/// A decision whose events are on their way.
struct Appending<D: Decider> {
    loaded: Loaded<D>,
    events: Events<D::Event>,
    answer: PendingAppend,
}

impl<D: Decider> Shared<D> {
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
                self.load_and_attempt(aggregate, command, version).await
            } else {
                attempt
            };
        }
        let decided_as_new = || D::default().decide(&command.command, &self.outbox);
        if assume_new && decided_as_new().is_ok_and(|events| !events.is_empty()) {
            return self.attempt(aggregate, command, Loaded::new()).await;
        }
        self.load_and_attempt(aggregate, command, 0).await
    }

    async fn load_and_attempt(
        &self,
        aggregate: &Aggregate,
        command: &Command<D>,
        at_least: u64,
    ) -> Result<Attempt<D>, HandleError<D::Rejection>> {
        let events = self.log.load(aggregate, at_least).await?;
        self.attempt(aggregate, command, Loaded::from_events(&events)?).await
    }

    /// Decides, and hands what was decided over to the log.
    async fn attempt(
        &self,
        aggregate: &Aggregate,
        command: &Command<D>,
        loaded: Loaded<D>,
    ) -> Result<Attempt<D>, HandleError<D::Rejection>> {
        let Command { command, context, at, .. } = command;
        if let Some(Handled { events, sequence }) = loaded.handled(&self.source, context) {
            self.cache.put(aggregate, loaded);
            return Ok(Attempt::Done(self.receipt(sequence, events, true)));
        }
        let events = match loaded.state.decide(command, &self.outbox) {
            Ok(events) => events,
            Err(rejection) => {
                self.cache.put(aggregate, loaded);
                return Err(HandleError::Rejected(rejection));
            }
        };
        if events.is_empty() {
            let receipt = self.receipt(loaded.version, Vec::new(), false);
            self.cache.put(aggregate, loaded);
            return Ok(Attempt::Done(receipt));
        }
        let wrap = |(index, event)| context.envelope(event, index, &self.source, *at);
        let envelopes = events.iter().enumerate().map(wrap).collect::<Result<_, _>>()?;
        let append = Append { aggregate: aggregate.clone(), expected: loaded.version, events: envelopes };
        let answer = self.log.begin_append(append).await?;
        Ok(Attempt::Appending(Appending { loaded, events, answer }))
    }

    /// Waits for the log's answer, and decides anew for as long as others were first.
    async fn finish(
        &self,
        aggregate: &Aggregate,
        command: &Command<D>,
        mut appending: Appending<D>,
    ) -> Result<Receipt, HandleError<D::Rejection>> {
        let mut backoff = Backoff::default();
        let mut attempts = 1;
        loop {
            let Appending { mut loaded, events, answer } = appending;
            let at_least = match answer.await {
                Ok(Appended { last, duplicate: false }) => {
                    let ids: Vec<_> =
                        (0..events.len()).map(|index| command.context.event_id(index)).collect();
                    for (event, id) in events.iter().zip(&ids) {
                        // Only the last event's sequence is known; it is the one that a receipt names.
                        loaded.evolve(event, Fingerprint::new(&self.source, id), last);
                    }
                    self.cache.put(aggregate, loaded);
                    return Ok(self.receipt(last, ids, false));
                }
                // An earlier attempt has stored the events, maybe onto others than `loaded` has: a log that
                // recognises events needn't compare versions. What was loaded is no state to go on from.
                Ok(Appended { last, duplicate: true }) => last,
                Err(AppendError::Conflict { actual, .. }) => {
                    // Whoever guessed that the aggregate is new has not lost a race, and needn't wait.
                    let raced = loaded.version > 0 || attempts > 1;
                    if attempts == ATTEMPTS_MAX || (raced && !backoff.wait().await) {
                        return Err(HandleError::Contended { attempts });
                    }
                    actual
                }
                Err(error) => return Err(error.into()),
            };
            attempts += 1;
            match self.load_and_attempt(aggregate, command, at_least).await? {
                Attempt::Done(receipt) => return Ok(receipt),
                Attempt::Appending(again) => appending = again,
            }
        }
    }

    fn receipt(&self, sequence: u64, events: Vec<String>, repeated: bool) -> Receipt {
        Receipt { domain: self.domain.clone(), sequence, events, repeated }
    }
}
