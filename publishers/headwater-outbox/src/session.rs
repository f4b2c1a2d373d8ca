use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config, Row, Socket, Statement};

use crate::RelayError;
use crate::command::CHANNEL;
use crate::housekeeping::{HousekeepingStatements, Pending};
use crate::in_hand::Waiting;
use crate::schema::{Schema, VERSION, version};

/// The relay's connection to the database, and what it does there. Dropping it closes the connection, and so
/// gives the lock away.
pub(crate) struct Session {
    client: Client,
    _connection: JoinSet<()>,
    woken: Arc<Notify>,
    lock: String,
    fetch: Statement,
    write_down: Statement,
    refuse: Statement,
    housekeeping: HousekeepingStatements,
}

/// What is stored on the stream, and may be deleted from the outbox.
pub(crate) struct Settled {
    pub(crate) position: i64,
    pub(crate) aggregate: String,
    pub(crate) sequence: u64,
}

/// Why a session has ended.
pub(crate) enum SessionError {
    /// Another one may do better.
    Lost(String),
    /// No other one would do better.
    Hopeless(RelayError),
}

/// How long a connection to one host may take to come about. Each host of a configuration has as long.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How long the database may take for a statement before it gives up; and how long the relay waits for the answer.
const STATEMENT_SECONDS: u32 = 15;
const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// How long a relay may be silent before the database closes its connection, and so gives its lock to another one.
/// A stopped process is silent, and its kernel goes on answering for it.
const SILENCE_SECONDS: u32 = 30;

/// How long the other side may leave a probe unanswered: seconds until the first, between two, and their number.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_PROBES: u32 = 3;

impl Session {
    pub(crate) async fn open<T>(config: &Config, tls: T, schema: &Schema) -> Result<Self, SessionError>
    where
        T: MakeTlsConnect<Socket> + Send,
        T::Stream: Send + 'static,
    {
        let config = prepared_config(config);
        let (client, mut connection) = config.connect(tls).await_within(connect_limit(&config)).await?;
        let woken = Arc::new(Notify::new());
        let waking = woken.clone();
        let mut driver = JoinSet::new();
        driver.spawn(async move {
            loop {
                match poll_fn(|cx| connection.poll_message(cx)).await {
                    Some(Ok(AsyncMessage::Notification(_))) => waking.notify_one(),
                    Some(Ok(_)) => {}
                    // Whoever waits finds out by the next statement.
                    Some(Err(_)) | None => return waking.notify_one(),
                }
            }
        });
        let opening = async {
            client.batch_execute(&settings()).await?;
            version(&client, schema).await
        };
        match opening.await_within(ANSWER_LIMIT).await? {
            None => return Err(SessionError::Hopeless(RelayError::NotMigrated)),
            Some(found) if found > VERSION => {
                return Err(SessionError::Hopeless(RelayError::Newer { found, known: VERSION }));
            }
            Some(_) => {}
        }
        let [fetch, write_down, refuse, lock] = statements(schema);
        let preparing = async {
            Ok((
                client.prepare(&fetch).await?,
                client.prepare(&write_down).await?,
                client.prepare(&refuse).await?,
            ))
        };
        let (fetch, write_down, refuse) = preparing.await_within(ANSWER_LIMIT).await?;
        let housekeeping = HousekeepingStatements::new(schema);
        Ok(Self { client, _connection: driver, woken, lock, fetch, write_down, refuse, housekeeping })
    }

    /// Tries to become the relay that works. The lock lasts as long as the connection.
    pub(crate) async fn try_lock(&self) -> Result<bool, SessionError> {
        let row = self.client.query_one(&self.lock, &[]).await_within(ANSWER_LIMIT).await?;
        Ok(row.get(0))
    }

    /// Waits until something was enqueued, or the connection is lost.
    pub(crate) async fn woken(&self) {
        self.woken.notified().await;
    }

    /// Says that the relay is alive, and finds out whether the connection is.
    pub(crate) async fn ping(&self) -> Result<(), SessionError> {
        self.client.simple_query("").await_within(ANSWER_LIMIT).await.map(drop)
    }

    /// What waits, lowest position first, without what is in hand and what is for the domains that are held up; each with the
    /// sequence up to which its aggregate is known.
    pub(crate) async fn fetch(
        &self,
        in_hand: &[i64],
        held_up: &[String],
        max: usize,
    ) -> Result<Vec<(Waiting, u64)>, SessionError> {
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        let parameters: [&(dyn ToSql + Sync); 3] = [&in_hand, &held_up, &max];
        let rows = self.client.query(&self.fetch, &parameters).await_within(ANSWER_LIMIT).await?;
        rows.iter().map(waiting).collect::<Result<_, _>>().map_err(SessionError::from)
    }

    /// Deletes what is stored, and keeps the aggregates' sequences.
    pub(crate) async fn write_down(&self, settled: &[Settled]) -> Result<(), SessionError> {
        let positions: Vec<i64> = settled.iter().map(|settled| settled.position).collect();
        let aggregates: Vec<&str> = settled.iter().map(|settled| settled.aggregate.as_str()).collect();
        let sequences: Vec<i64> = settled.iter().map(|settled| settled.sequence.cast_signed()).collect();
        let parameters: [&(dyn ToSql + Sync); 3] = [&positions, &aggregates, &sequences];
        self.client.execute(&self.write_down, &parameters).await_within(ANSWER_LIMIT).await.map(drop)
    }

    /// Stops an aggregate.
    pub(crate) async fn refuse(
        &self,
        aggregate: &str,
        position: i64,
        reason: &str,
    ) -> Result<(), SessionError> {
        let parameters: [&(dyn ToSql + Sync); 3] = [&aggregate, &position, &reason];
        self.client.execute(&self.refuse, &parameters).await_within(ANSWER_LIMIT).await.map(drop)
    }

    pub(crate) async fn pending(&self) -> Result<Pending, SessionError> {
        self.housekeeping.pending(&self.client).await_within(ANSWER_LIMIT).await
    }
}

fn waiting(row: &Row) -> Result<(Waiting, u64), tokio_postgres::Error> {
    let waiting = Waiting { position: row.try_get(0)?, aggregate: row.try_get(1)?, events: row.try_get(2)? };
    Ok((waiting, row.try_get::<_, i64>(3)?.cast_unsigned()))
}

fn prepared_config(config: &Config) -> Config {
    let mut config = config.clone();
    if config.get_application_name().is_none() {
        config.application_name("headwater-outbox relay");
    }
    config
        .connect_timeout(CONNECT_LIMIT)
        .keepalives(true)
        .keepalives_idle(KEEPALIVE_IDLE)
        .keepalives_interval(KEEPALIVE_INTERVAL)
        .keepalives_retries(KEEPALIVE_PROBES)
        .tcp_user_timeout(ANSWER_LIMIT);
    config
}

/// Hosts are tried one after another: the first of two, when it doesn't answer, mustn't use up the time of the second.
fn connect_limit(config: &Config) -> Duration {
    let hosts = config.get_hosts().len().max(config.get_hostaddrs().len()).max(1);
    CONNECT_LIMIT.saturating_mul(u32::try_from(hosts).unwrap_or(u32::MAX))
}

/// How the session differs from another one.
fn settings() -> String {
    format!(
        "SET statement_timeout = '{STATEMENT_SECONDS}s';
        SET idle_session_timeout = '{SILENCE_SECONDS}s';
        SET tcp_keepalives_idle = {idle};
        SET tcp_keepalives_interval = {interval};
        SET tcp_keepalives_count = {KEEPALIVE_PROBES};
        -- What the relay writes down is also on the stream. If the database forgets it, it is found there.
        SET synchronous_commit = off;
        -- The outbox is mostly empty, and what the planner knows of it is always out of date.
        SET enable_hashjoin = off;
        SET enable_mergejoin = off;
        SET enable_seqscan = off;
        LISTEN {CHANNEL};",
        idle = KEEPALIVE_IDLE.as_secs(),
        interval = KEEPALIVE_INTERVAL.as_secs(),
    )
}

fn statements(schema: &Schema) -> [String; 4] {
    let outbox = schema.table("headwater_outbox");
    let relayed = schema.table("headwater_outbox_relayed");
    [
        format!(
            "SELECT position, waiting.aggregate, events::text, coalesce(sequence, 0)
            FROM {outbox} AS waiting LEFT JOIN {relayed} AS known ON known.aggregate = waiting.aggregate
            WHERE refusal IS NULL AND position <> ALL ($1::bigint[])
                AND split_part(waiting.aggregate, '.', 2) <> ALL ($2::text[])
            ORDER BY position LIMIT $3::bigint"
        ),
        // Sorted, so that two relays can't wait for each other, should there ever be two.
        format!(
            "WITH settled AS (
                SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[]) AS settled (position, aggregate, sequence)
            ), gone AS (
                DELETE FROM {outbox} AS waiting USING settled WHERE waiting.position = settled.position
            )
            INSERT INTO {relayed} AS known (aggregate, sequence)
            SELECT aggregate, max(sequence) FROM settled GROUP BY aggregate ORDER BY aggregate COLLATE \"C\"
            ON CONFLICT (aggregate) DO UPDATE SET sequence = greatest(known.sequence, excluded.sequence)"
        ),
        format!(
            "INSERT INTO {relayed} AS known (aggregate, sequence, refused_position, refusal, refused_at)
            VALUES ($1::text, 0, $2::bigint, $3::text, clock_timestamp())
            ON CONFLICT (aggregate) DO UPDATE SET refused_position = excluded.refused_position,
                refusal = excluded.refusal, refused_at = excluded.refused_at"
        ),
        // The tables themselves name the lock: relays of other schemas work at the same time.
        format!("SELECT pg_try_advisory_lock({LOCK_CLASS}, '{}'::regclass::oid::int)", outbox.replace('\'', "''")),
    ]
}

const LOCK_CLASS: i32 = 0x6865_6164;

/// Whether the database's answer would always be the same: no access, no such database, no such right.
fn is_hopeless(error: &tokio_postgres::Error) -> bool {
    error
        .code()
        .is_some_and(|code| ["28", "3D", "3F", "42"].iter().any(|class| code.code().starts_with(class)))
}

impl From<tokio_postgres::Error> for SessionError {
    fn from(source: tokio_postgres::Error) -> Self {
        if is_hopeless(&source) {
            Self::Hopeless(RelayError::Database { source })
        } else {
            Self::Lost(crate::delivery::with_causes(&source))
        }
    }
}

/// Every wait for the database has an end.
trait AwaitWithin<T> {
    async fn await_within(self, limit: Duration) -> Result<T, SessionError>;
}

impl<T, F: Future<Output = Result<T, tokio_postgres::Error>>> AwaitWithin<T> for F {
    async fn await_within(self, limit: Duration) -> Result<T, SessionError> {
        match timeout(limit, self).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(SessionError::Lost(format!("the database gave no answer within {limit:?}"))),
        }
    }
}
