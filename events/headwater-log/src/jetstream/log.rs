use std::error::Error;
use std::sync::Arc;

use async_nats::Client;
use async_nats::jetstream::stream::Info;
use async_trait::async_trait;
use bytes::Bytes;
use futures::future::join;
use headwater_event::{Aggregate, Domain, EventFilter};
use jiff::Timestamp;

use super::append::Attempt;
use super::broker::{Broker, created};
use super::config::{Flush, JetStreamConfig, problem};
use super::follow::follow;
use super::group::Committer;
use super::message::stored;
use super::notes::Notes;
use crate::{
    AppendError, Checkpoint, Commit, Denials, EventLog, Follow, Note, NoteError, OpenError, PendingAppend,
    ReadError, StoredEvent, StreamInfo,
};

/// The log on NATS JetStream.
pub struct JetStreamLog {
    pub(super) broker: Arc<Broker>,
    sending: Sending,
    notes: Notes,
}

/// How commits are sent.
enum Sending {
    /// Each by itself, at once.
    Alone,
    /// Gathered, while others are under way.
    Gathered(Committer),
}

impl JetStreamLog {
    /// The log behind a connection. What the server denies it is only noticed as a lost answer: the client reports
    /// it to the connection's event callback, so [`watched`](Self::watched) is better.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    #[must_use]
    pub fn new(client: Client, config: JetStreamConfig) -> Self {
        Self::watched(client, Denials::new(), config)
    }

    /// The log behind a connection whose event callback feeds these denials, as
    /// `service::Connection::connect_watched` makes it.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    #[must_use]
    pub fn watched(client: Client, denials: Denials, config: JetStreamConfig) -> Self {
        let flush = config.flush;
        let broker = Arc::new(Broker::new(client, denials, config));
        let sending = match flush {
            Flush::Lazily => Sending::Alone,
            Flush::Always => Sending::Gathered(Committer::new(broker.clone())),
        };
        let notes = Notes::new(broker.clone());
        Self { broker, sending, notes }
    }
}

#[async_trait]
impl EventLog for JetStreamLog {
    async fn open(&self, domain: &Domain) -> Result<StreamInfo, OpenError> {
        let wanted = self.broker.config.stream(domain);
        let unavailable = |source| OpenError::Unavailable { stream: domain.stream(), source };
        let info = self.broker.opened(&wanted, self.broker.deadline()).await.map_err(unavailable)?;
        if let Some(problem) = problem(&info.config, &wanted) {
            return Err(OpenError::Unfit { stream: domain.stream(), problem });
        }
        stream_info(domain, &info).map_err(unavailable)
    }

    async fn info(&self, domain: &Domain) -> Result<StreamInfo, ReadError> {
        let info = self.broker.existing_stream_info(domain, self.broker.deadline()).await?;
        stream_info(domain, &info).map_err(|error| ReadError::unavailable(domain, error))
    }

    async fn streams(&self) -> Result<Vec<StreamInfo>, ReadError> {
        // A cluster's list of streams with their states leaves out whose leader doesn't answer in time; the
        // list of names is complete.
        let deadline = self.broker.deadline();
        let mut streams = Vec::new();
        for domain in self.broker.domains(deadline).await? {
            match self.broker.existing_stream_info(&domain, deadline).await {
                Ok(info) => streams
                    .push(stream_info(&domain, &info).map_err(|source| ReadError::Unlisted { source })?),
                // It was deleted in between.
                Err(ReadError::NoStream { .. }) => {}
                Err(error) => return Err(ReadError::Unlisted { source: error.into() }),
            }
        }
        Ok(streams)
    }

    async fn begin_commit(&self, commit: Commit) -> Result<PendingAppend, AppendError> {
        let attempt = Attempt::new(Arc::clone(&self.broker), commit)?;
        Ok(match &self.sending {
            Sending::Alone => attempt.begin().await,
            Sending::Gathered(committer) => committer.begin(attempt).await,
        })
    }

    async fn read(&self, domain: &Domain, from: u64, max: usize) -> Result<Vec<StoredEvent>, ReadError> {
        let (from, deadline) = (from.max(1), self.broker.deadline());
        // Any server may answer, also one that lags; the leader says what there is.
        let last = self.broker.existing_stream_info(domain, deadline).await?.state.last_sequence;
        let at_least = last.min(from.saturating_add(max as u64) - 1);
        if at_least < from {
            return Ok(Vec::new());
        }
        self.broker.get(domain, &domain.subjects(), from, max, at_least, deadline).await
    }

    async fn follow(&self, filter: EventFilter, checkpoint: Option<Checkpoint>) -> Result<Follow, ReadError> {
        follow(self.broker.clone(), filter, checkpoint).await
    }

    async fn load_from(
        &self,
        aggregate: &Aggregate,
        from: u64,
        at_least: u64,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        let deadline = self.broker.deadline();
        // Any server may answer, also one that lags, so the leader is asked at the same time what there is.
        let (version, loaded) = join(
            self.broker.version(aggregate, deadline),
            self.broker.load(aggregate, from, at_least, deadline),
        )
        .await;
        let (version, loaded) = (version?, loaded?);
        if version < from || loaded.last().is_some_and(|last| last.sequence >= version) {
            return Ok(loaded);
        }
        self.broker.load(aggregate, from, version, deadline).await
    }

    async fn last(&self, aggregate: &Aggregate) -> Result<Option<StoredEvent>, ReadError> {
        let domain = aggregate.domain();
        let Some(message) = self.broker.last_message(aggregate, self.broker.deadline()).await? else {
            return Ok(None);
        };
        let stored_at = Timestamp::from_nanosecond(message.time.unix_timestamp_nanos())
            .map_err(|error| ReadError::unavailable(domain, error))?;
        stored(domain, message.sequence, stored_at, Some(&message.headers), &message.payload).map(Some)
    }

    async fn load_first(&self, aggregate: &Aggregate, max: usize) -> Result<Vec<StoredEvent>, ReadError> {
        let deadline = self.broker.deadline();
        self.broker.get(aggregate.domain(), &aggregate.filter(), 1, max, 0, deadline).await
    }

    async fn note(&self, aggregate: &Aggregate, name: &str) -> Result<Option<Bytes>, ReadError> {
        self.notes.read(aggregate, name).await
    }

    async fn notes(&self, aggregate: &Aggregate, names: &[&str]) -> Result<Vec<Option<Bytes>>, ReadError> {
        self.notes.read_together(aggregate, names).await
    }

    async fn keep_notes(&self, aggregate: &Aggregate, notes: Vec<Note>) -> Result<(), NoteError> {
        self.notes.keep(aggregate, notes).await
    }
}

fn stream_info(domain: &Domain, info: &Info) -> Result<StreamInfo, Box<dyn Error + Send + Sync>> {
    Ok(StreamInfo {
        domain: domain.clone(),
        created: created(info)?,
        last: info.state.last_sequence,
        replicas: info.config.num_replicas,
    })
}
