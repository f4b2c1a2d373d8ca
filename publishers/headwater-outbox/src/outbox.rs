use headwater_event::{CommandContext, EventSet};
use jiff::Timestamp;
use tokio_postgres::GenericClient;

use crate::command::enqueue_statement;
use crate::housekeeping::HousekeepingStatements;
use crate::schema::{MIGRATION, Schema};
use crate::{EnqueueError, Enqueued, MigrateError, OutboxCommand};

/// Where a service leaves its events, in the transaction in which it changes its state.
///
/// # Example: an order is paid
///
/// ```no_run
/// use headwater_event::{CommandContext, Event, JsonSchema};
/// use headwater_outbox::Outbox;
/// use jiff::Timestamp;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// #[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
/// struct OrderPaid {
///     #[event(key)]
///     order: String,
///     cents: i64,
/// }
///
/// # async fn pay(client: &mut tokio_postgres::Client) -> Result<(), Box<dyn std::error::Error>> {
/// let outbox = Outbox::new("/orders");
/// let transaction = client.transaction().await?;
/// transaction.execute("UPDATE orders SET paid = true WHERE id = $1", &[&"7"]).await?;
///
/// let paid = OrderPaid { order: "7".into(), cents: 300 };
/// let command = CommandContext::new("payment-4711");
/// let enqueued = outbox.enqueue(&transaction, &command, Timestamp::now(), &[paid]).await?;
/// if enqueued.is_repeated() {
///     transaction.rollback().await?; // this payment was booked before
/// } else {
///     transaction.commit().await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Outbox {
    pub(crate) source: String,
    pub(crate) bytes_max: usize,
    pub(crate) enqueue: String,
    pub(crate) commands: String,
    pub(crate) housekeeping: HousekeepingStatements,
    schema: Schema,
    notifies: bool,
}

impl Outbox {
    /// The statements that make the outbox's tables, for those who keep their migrations elsewhere. They can
    /// be run again, and make the tables in the schema that comes first in the search path.
    pub const MIGRATION: &'static str = MIGRATION;

    /// How large an event may be by default, headers included, in bytes: as a NATS server has it.
    pub const EVENT_BYTES_MAX: usize = 1024 * 1024;

    /// The outbox of the service `source`, a URI reference such as `/orders`.
    pub fn new(source: impl Into<String>) -> Self {
        Self::with(source.into(), Self::EVENT_BYTES_MAX, Schema::default(), true)
    }

    /// The same outbox with its tables in a schema of this name.
    #[must_use]
    pub fn in_schema(self, name: impl Into<String>) -> Self {
        Self::with(self.source, self.bytes_max, Schema::named(name), self.notifies)
    }

    /// The same outbox for a log whose largest message isn't 1 MiB: what `max_payload` says in the server's
    /// configuration. An event that is larger is refused before its transaction commits.
    #[must_use]
    pub fn event_bytes_max(self, bytes: usize) -> Self {
        Self { bytes_max: bytes, ..self }
    }

    /// The same outbox, which doesn't wake the relay: it finds events when it looks by itself.
    ///
    /// PostgreSQL lets transactions that notify commit one after another. For a service with very many small
    /// transactions at a time, the relay's delay may be the lower price.
    #[must_use]
    pub fn without_notifications(self) -> Self {
        Self::with(self.source, self.bytes_max, self.schema, false)
    }

    fn with(source: String, bytes_max: usize, schema: Schema, notifies: bool) -> Self {
        Self {
            source,
            bytes_max,
            enqueue: enqueue_statement(&schema, notifies),
            commands: schema.table("headwater_outbox_commands"),
            housekeeping: HousekeepingStatements::new(&schema),
            schema,
            notifies,
        }
    }

    /// Makes the tables, in one transaction, unless they are there.
    ///
    /// # Errors
    ///
    /// [`MigrateError`]; nothing was changed.
    pub async fn migrate(&self, client: &mut impl GenericClient) -> Result<(), MigrateError> {
        self.schema.migrate(client).await
    }

    /// Enqueues what a command has led to, `at` that time. It is published if the transaction commits, and only then.
    ///
    /// The events of one aggregate are stored on the stream all or none. Their ids follow from the command's, so a
    /// command that is enqueued again is the same, and changes nothing: see [`Enqueued::Repeated`].
    ///
    /// The aggregates of the events are locked until the transaction ends. So enqueue late in a transaction, and
    /// all events at once: the aggregates of one call are locked in an order that is always the same, and those of two
    /// calls in the order of the calls, which may be a deadlock with another transaction.
    ///
    /// # Errors
    ///
    /// [`EnqueueError`], also for data that don't fit the schema of the event's declared version, and for all that the log would
    /// refuse by itself. Roll the transaction back.
    pub async fn enqueue<'a, E: EventSet>(
        &self,
        client: &impl GenericClient,
        context: &CommandContext,
        at: Timestamp,
        events: impl IntoIterator<Item = &'a E>,
    ) -> Result<Enqueued, EnqueueError> {
        let command = events.into_iter().fold(self.command(context, at), OutboxCommand::event);
        command.enqueue(client).await
    }

    /// A command whose events are of several kinds of aggregates; [`Outbox::enqueue`] is shorter for one kind.
    pub fn command<'a>(&'a self, context: &'a CommandContext, at: Timestamp) -> OutboxCommand<'a> {
        OutboxCommand::new(self, context, at)
    }
}
