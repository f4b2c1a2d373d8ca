use std::collections::BTreeMap;

use headwater_event::{Aggregate, CommandContext, Envelope, EventSet};
use headwater_log::Append;
use jiff::Timestamp;
use tokio_postgres::GenericClient;
use tokio_postgres::types::Type;

use crate::known_schemas::known_schemas;
use crate::schema::Schema;
use crate::{EnqueueError, Outbox};

/// A command on its way into the outbox, with the events that it led to.
#[derive(Debug)]
#[must_use = "nothing is stored before `enqueue`"]
pub struct OutboxCommand<'a> {
    outbox: &'a Outbox,
    context: &'a CommandContext,
    at: Timestamp,
    /// What happened to each aggregate, by its subjects' filter: the order in which they are locked.
    appends: BTreeMap<String, Append>,
    subjects: Vec<String>,
    failed: Option<EnqueueError>,
}

/// Whether a command was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a repeated command's transaction should be rolled back"]
pub enum Enqueued {
    /// It was. Its events are part of the transaction.
    New,
    /// It was enqueued before, with events of the same names for the same aggregates, or either time with none. Nothing was
    /// added; what else the transaction did was most likely done before as well, so roll it back.
    Repeated,
}

impl Enqueued {
    /// Whether the command was enqueued before.
    pub fn is_repeated(self) -> bool {
        self == Self::Repeated
    }
}

impl<'a> OutboxCommand<'a> {
    pub(crate) fn new(outbox: &'a Outbox, context: &'a CommandContext, at: Timestamp) -> Self {
        Self { outbox, context, at, appends: BTreeMap::new(), subjects: Vec::new(), failed: None }
    }

    /// Adds an event. What is wrong with it is told by [`OutboxCommand::enqueue`].
    pub fn event<E: EventSet>(mut self, event: &E) -> Self {
        if self.failed.is_none() {
            self.failed = self.add(event).err();
        }
        self
    }

    fn add<E: EventSet>(&mut self, event: &E) -> Result<(), EnqueueError> {
        let index = self.subjects.len();
        let envelope = self.context.envelope(event, index, &self.outbox.source, self.at)?;
        known_schemas::<E>()?.check(&envelope)?;
        let kind = event.event_type();
        let aggregate = Aggregate::new(kind.domain.parse()?, kind.aggregate, event.key().to_string())?;
        self.subjects.push(aggregate.subject(kind.name));
        let append = self.appends.entry(aggregate.filter());
        append.or_insert_with(|| Append { aggregate, expected: 0, events: Vec::new() }).events.push(envelope);
        Ok(())
    }

    /// Enqueues the command's events; [`Outbox::enqueue`] has the details.
    ///
    /// # Errors
    ///
    /// [`EnqueueError`]. Roll the transaction back.
    pub async fn enqueue(self, client: &impl GenericClient) -> Result<Enqueued, EnqueueError> {
        let Self { outbox, context, appends, subjects, failed, .. } = self;
        if let Some(error) = failed {
            return Err(error);
        }
        let (mut aggregates, mut events) = (Vec::new(), Vec::new());
        for (filter, append) in appends {
            append.check(outbox.bytes_max)?;
            aggregates.push(filter);
            events.push(json_array(&append.events)?);
        }
        let command = context.id();
        let stored = client
            .query_typed_one(
                &outbox.enqueue,
                &[
                    (&outbox.source, Type::TEXT),
                    (&command, Type::TEXT),
                    (&subjects, Type::TEXT_ARRAY),
                    (&aggregates, Type::TEXT_ARRAY),
                    (&events, Type::TEXT_ARRAY),
                ],
            )
            .await?;
        if stored.try_get::<_, i64>(0)? > 0 {
            return Ok(Enqueued::New);
        }
        let known = client
            .query_typed_one(
                &format!("SELECT subjects FROM {} WHERE source = $1 AND id = $2", outbox.commands),
                &[(&outbox.source, Type::TEXT), (&command, Type::TEXT)],
            )
            .await?;
        let stored: Vec<String> = known.try_get(0)?;
        // Decided again, on what the first time has changed, a command may well lead to nothing, or for the first time to something.
        if stored == subjects || stored.is_empty() || subjects.is_empty() {
            Ok(Enqueued::Repeated)
        } else {
            Err(EnqueueError::Reused { command: command.to_owned(), stored, given: subjects })
        }
    }
}

/// One statement, so that enqueuing costs one round trip. Each part waits for the rows of the one before: first the
/// command is ours, then its aggregates are, one by one in the given order, and then positions are drawn.
pub(crate) fn enqueue_statement(schema: &Schema, notifies: bool) -> String {
    let commands = schema.table("headwater_outbox_commands");
    let aggregates = schema.table("headwater_outbox_aggregates");
    let outbox = schema.table("headwater_outbox");
    let notify = if notifies { format!("pg_notify('{CHANNEL}', '')") } else { "NULL".to_owned() };
    // A commit that isn't flushed may be lost after others, and the relay, have seen it.
    format!(
        "WITH command AS (
            INSERT INTO {commands} (source, id, subjects) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id
        ), locked AS (
            INSERT INTO {aggregates} AS known (aggregate)
            SELECT aggregate FROM unnest($4) AS given (aggregate) WHERE EXISTS (SELECT FROM command)
            ON CONFLICT (aggregate) DO UPDATE SET enqueued_at = excluded.enqueued_at
            RETURNING aggregate
        ), stored AS (
            INSERT INTO {outbox} (aggregate, source, command, events)
            SELECT aggregate, $1, $2, events::json
            FROM locked JOIN unnest($4, $5) AS given (aggregate, events) USING (aggregate)
            RETURNING position
        )
        SELECT (SELECT count(*) FROM command),
            CASE WHEN count(*) > 0 THEN {notify} END,
            CASE WHEN current_setting('synchronous_commit') = 'off'
                THEN set_config('synchronous_commit', 'on', true) END
        FROM stored"
    )
}

/// On which relays are woken.
pub(crate) const CHANNEL: &str = "headwater_outbox";

fn json_array(events: &[Envelope]) -> Result<String, EnqueueError> {
    let mut text = String::from("[");
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&String::from_utf8_lossy(&event.to_json()?));
    }
    text.push(']');
    Ok(text)
}
