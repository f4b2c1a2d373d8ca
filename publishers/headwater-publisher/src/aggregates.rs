use std::sync::Arc;

use headwater_event::{Aggregate, Decider, Domain, EventSet, Schemas, SubjectError};
use headwater_log::{Log, OpenError};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::handling::Handling;
use crate::snapshots::Snapshooter;
use crate::{Command, HandleError, InvalidEvents, Key, Limits, Receipt, Snapshots};

/// The aggregates of one kind, as a service sees them: it hands commands over and gets receipts.
///
/// Cloning is cheap, and clones share the cache.
pub struct Aggregates<D: Decider> {
    pub(crate) handling: Arc<Handling<D>>,
    assume_new: bool,
}

impl<D: Decider> Aggregates<D> {
    /// The aggregates of the decider `D` in `log`, whose stream is created if it isn't there. `source`
    /// names the publishing service: a URI reference, such as `/flight-ops`.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when the stream can't be opened.
    pub async fn open(log: Log, source: impl Into<String>) -> Result<Self, OpenError> {
        Self::open_within(log, source, Limits::default()).await
    }

    /// The same with other limits.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when the stream can't be opened.
    pub async fn open_within(log: Log, source: impl Into<String>, limits: Limits) -> Result<Self, OpenError> {
        let name = D::Event::TYPES.first().map_or("", |event| event.domain);
        let unfit = |problem| OpenError::Unfit { stream: name.to_owned(), problem };
        let domain: Domain = name.parse().map_err(|error: SubjectError| unfit(error.to_string()))?;
        let schemas = Schemas::of::<D::Event>().map_err(|error| unfit(error.to_string()))?;
        log.open(&domain).await?;
        let handling = Handling::new(log, domain, source.into(), schemas, limits);
        Ok(Self { handling: Arc::new(handling), assume_new: false })
    }

    /// Lets an aggregate that isn't in the cache be taken for a new one, if the command is right for a new
    /// one. The expected version tells when that was wrong, and then it is loaded; so this saves a read for
    /// each new aggregate, and costs a failed append for one that isn't new.
    #[must_use]
    pub fn assuming_new(self) -> Self {
        Self { assume_new: true, ..self }
    }

    /// Takes snapshots of aggregates and loads them from there, so that a long history costs no more than a short one. What is
    /// said first counts.
    ///
    /// An aggregate is loaded in one round trip when its last event is the snapshot's or its history is short, and in two when events came
    /// after the snapshot. When more than some hundreds of events came before the snapshot, each later command costs one more read,
    /// which tells whether it was handled before.
    #[must_use]
    pub fn with_snapshots(self, snapshots: Snapshots) -> Self
    where
        D: Serialize + DeserializeOwned + JsonSchema,
    {
        self.handling.snapshots.get_or_init(|| Snapshooter::new(snapshots));
        self
    }

    /// The domain that owns the aggregates.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.handling.domain
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
    pub(crate) fn aggregate(&self, key: &Key<D>) -> Result<Aggregate, InvalidEvents> {
        let name = D::Event::TYPES.first().map_or("", |event| event.aggregate);
        Ok(Aggregate::new(self.handling.domain.clone(), name, key.to_string())?)
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
        Handling::begin(&self.handling, aggregate, command, self.assume_new).await
    }
}

impl<D: Decider> Clone for Aggregates<D> {
    fn clone(&self) -> Self {
        Self { handling: Arc::clone(&self.handling), assume_new: self.assume_new }
    }
}
