use std::time::Duration;

use headwater_log::Log;
use tokio::time::sleep;
use tokio_postgres::tls::{MakeTlsConnect, NoTls};
use tokio_postgres::{Config, Socket};
use tokio_util::sync::CancellationToken;

use crate::RelayError;
use crate::delivery::{Delivered, Destination, Patience};
use crate::schema::Schema;
use crate::session::{Session, SessionError};
use crate::term::Term;

/// What publishes what the outbox holds.
///
/// Any number of relays may run, in services or by themselves; one of them works, and the others wait for its
/// connection to end. A relay needs a connection of its own to the database: behind a pooler that shares connections
/// between transactions it has neither its lock nor its notifications.
pub struct Relay<T = NoTls> {
    config: Config,
    tls: T,
    schema: Schema,
    log: Log,
    poll_every: Duration,
}

/// What a relay has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RelaySummary {
    /// How many appends it has seen stored.
    pub appends: u64,
    /// How many events they had.
    pub events: u64,
    /// How many of the appends were on the stream already when they were sent: a relay had died before it could
    /// write that down, or an answer was lost or late.
    pub repeated: u64,
    /// How often another writer had appended to an aggregate in between.
    pub conflicts: u64,
    /// How many appends the log refused.
    pub refused: u64,
    /// How often it became the relay that works.
    pub terms: u64,
}

impl RelaySummary {
    pub(crate) fn count(&mut self, delivered: &Delivered) {
        self.appends += 1;
        self.events += delivered.events;
        self.repeated += u64::from(delivered.repeated);
        self.conflicts += delivered.conflicts;
    }
}

impl Relay {
    /// A relay from the database behind `config` to `log`, without TLS.
    #[must_use]
    pub fn new(config: Config, log: Log) -> Self {
        let poll_every = Duration::from_secs(1);
        Self { config, tls: NoTls, schema: Schema::default(), log, poll_every }
    }
}

impl<T> Relay<T>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync,
    T::Stream: Send + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as tokio_postgres::tls::TlsConnect<Socket>>::Future: Send,
{
    /// The same relay with TLS.
    pub fn with_tls<U>(self, tls: U) -> Relay<U> {
        let Self { config, schema, log, poll_every, .. } = self;
        Relay { config, tls, schema, log, poll_every }
    }

    /// The same relay for tables in a schema of this name.
    #[must_use]
    pub fn in_schema(self, name: impl Into<String>) -> Self {
        Self { schema: Schema::named(name), ..self }
    }

    /// How often the relay looks by itself, also for whether another one has gone; one second by default. At most
    /// ten seconds: it is also how it shows that it is alive.
    #[must_use]
    pub fn poll_every(self, interval: Duration) -> Self {
        Self { poll_every: interval.clamp(Duration::from_millis(1), Duration::from_secs(10)), ..self }
    }

    /// Relays until `stop` is cancelled, then finishes what is under way, for at most some seconds. A database and
    /// a log that are away are waited for.
    ///
    /// # Errors
    ///
    /// [`RelayError`] for what won't get better by waiting. Nothing is lost, and nothing more is relayed.
    pub async fn run(&self, stop: CancellationToken) -> Result<RelaySummary, RelayError> {
        let mut summary = RelaySummary::default();
        let destination = Destination::new(self.log.clone());
        let mut patience = Patience::default();
        loop {
            let terms = summary.terms;
            match self.serve(&destination, &mut summary, &stop).await {
                Ok(()) => return Ok(summary),
                Err(SessionError::Hopeless(error)) => return Err(error),
                Err(SessionError::Lost(reason)) => {
                    tracing::warn!(reason, "the relay has lost its database; connecting again");
                }
            }
            if summary.terms > terms {
                patience = Patience::default();
            }
            if stop.run_until_cancelled(patience.wait()).await.is_none() {
                return Ok(summary);
            }
        }
    }

    /// Connects, waits for the lock, and relays.
    async fn serve(
        &self,
        destination: &Destination,
        summary: &mut RelaySummary,
        stop: &CancellationToken,
    ) -> Result<(), SessionError> {
        let opening = Session::open(&self.config, self.tls.clone(), &self.schema);
        let Some(session) = stop.run_until_cancelled(opening).await else { return Ok(()) };
        let session = session?;
        while !session.try_lock().await? {
            if stop.run_until_cancelled(sleep(self.poll_every)).await.is_none() {
                return Ok(());
            }
        }
        summary.terms += 1;
        tracing::info!("relaying");
        Term::new(&session, destination, summary).work(self.poll_every, stop).await
    }
}
