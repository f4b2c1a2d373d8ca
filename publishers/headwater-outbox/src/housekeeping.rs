use std::time::Duration;

use tokio_postgres::types::Type;
use tokio_postgres::{Error, GenericClient};

use crate::Outbox;
use crate::command::CHANNEL;
use crate::schema::Schema;

/// What waits in the outbox.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pending {
    /// How many appends wait: one for each command and aggregate.
    pub appends: u64,
    /// How long the oldest of them has waited.
    pub oldest: Option<Duration>,
    /// How many aggregates are stopped, because an append was refused; see [`Outbox::refusals`].
    pub refused: u64,
}

/// An append that the log refused, and with which its aggregate has stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The filter of the aggregate's subjects: `evt.<domain>.<aggregate>.*.<id>`.
    pub aggregate: String,
    /// The append's position in the outbox.
    pub position: i64,
    /// Why it was refused.
    pub reason: String,
}

/// What [`Outbox::forget`] has removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forgotten {
    /// How many commands' ids.
    pub commands: u64,
    /// How many aggregates.
    pub aggregates: u64,
}

/// What operators ask and do.
impl Outbox {
    /// How much waits for the relay, and for how long.
    ///
    /// # Errors
    ///
    /// What the database reports.
    pub async fn pending(&self, client: &impl GenericClient) -> Result<Pending, Error> {
        self.housekeeping.pending(client).await
    }

    /// The appends that the log has refused. Their aggregates wait; all others are relayed.
    ///
    /// # Errors
    ///
    /// What the database reports.
    pub async fn refusals(&self, client: &impl GenericClient) -> Result<Vec<Refusal>, Error> {
        let rows = client.query_typed(&self.housekeeping.refusals, &[]).await?;
        let refusal = |row: &tokio_postgres::Row| {
            Ok(Refusal { aggregate: row.try_get(0)?, position: row.try_get(1)?, reason: row.try_get(2)? })
        };
        rows.iter().map(refusal).collect()
    }

    /// Lets the relay try refused appends again, when their cause is gone; returns how many aggregates go on.
    ///
    /// # Errors
    ///
    /// What the database reports.
    pub async fn retry_refused(&self, client: &impl GenericClient) -> Result<u64, Error> {
        let retried = client.execute_typed(&self.housekeeping.retry, &[]).await?;
        client.batch_execute(&format!("NOTIFY {CHANNEL}")).await?;
        Ok(retried)
    }

    /// Forgets commands that were enqueued longer ago than `age` and aggregates that nothing has happened to since,
    /// except for what still waits.
    ///
    /// A command that is enqueued again after it was forgotten is a new one for the outbox. The log still
    /// recognises its events if they are the same, but the service's other changes would be made again. So let `age` be
    /// longer than any caller tries again. What is forgotten of an aggregate costs the relay one read of it, if
    /// ever something happens to it again.
    ///
    /// # Errors
    ///
    /// What the database reports. What is gone by then stays gone, and calling again goes on.
    pub async fn forget(&self, client: &impl GenericClient, age: Duration) -> Result<Forgotten, Error> {
        let seconds = age.as_secs_f64();
        let [commands, aggregates, relayed] = &self.housekeeping.forget;
        let commands = client.execute_typed(commands, &[(&seconds, Type::FLOAT8)]).await?;
        let aggregates = client.execute_typed(aggregates, &[(&seconds, Type::FLOAT8)]).await?;
        client.execute_typed(relayed, &[]).await?;
        Ok(Forgotten { commands, aggregates })
    }
}

/// The statements, with the tables' names.
#[derive(Debug, Clone)]
pub(crate) struct HousekeepingStatements {
    pending: String,
    refusals: String,
    retry: String,
    forget: [String; 3],
}

impl HousekeepingStatements {
    pub(crate) fn new(schema: &Schema) -> Self {
        let outbox = schema.table("headwater_outbox");
        let commands = schema.table("headwater_outbox_commands");
        let aggregates = schema.table("headwater_outbox_aggregates");
        let relayed = schema.table("headwater_outbox_relayed");
        let old = "enqueued_at < clock_timestamp() - make_interval(secs => $1)";
        Self {
            pending: format!(
                "SELECT count(*), extract(epoch FROM clock_timestamp() - min(enqueued_at))::float8,
                    (SELECT count(*) FROM {relayed} WHERE refusal IS NOT NULL)
                FROM {outbox}"
            ),
            refusals: format!(
                "SELECT aggregate, refused_position, refusal FROM {relayed} WHERE refusal IS NOT NULL
                ORDER BY refused_position"
            ),
            retry: format!(
                "UPDATE {relayed} SET refusal = NULL, refused_position = NULL, refused_at = NULL
                WHERE refusal IS NOT NULL"
            ),
            forget: [
                format!(
                    "DELETE FROM {commands} AS gone WHERE {old} AND NOT EXISTS (
                        SELECT FROM {outbox} AS waiting
                        WHERE waiting.source = gone.source AND waiting.command = gone.id
                    )"
                ),
                format!(
                    "DELETE FROM {aggregates} AS gone WHERE {old} AND NOT EXISTS (
                        SELECT FROM {outbox} AS waiting WHERE waiting.aggregate = gone.aggregate
                    )"
                ),
                format!(
                    "DELETE FROM {relayed} AS gone WHERE refusal IS NULL AND NOT EXISTS (
                        SELECT FROM {aggregates} AS known WHERE known.aggregate = gone.aggregate
                    )"
                ),
            ],
        }
    }

    pub(crate) async fn pending(&self, client: &impl GenericClient) -> Result<Pending, Error> {
        let row = client.query_typed_one(&self.pending, &[]).await?;
        let age: Option<f64> = row.try_get(1)?;
        Ok(Pending {
            appends: row.try_get::<_, i64>(0)?.unsigned_abs(),
            // The database's clock may have been set back in between.
            oldest: age.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default()),
            refused: row.try_get::<_, i64>(2)?.unsigned_abs(),
        })
    }
}
