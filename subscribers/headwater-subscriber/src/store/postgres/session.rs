use std::collections::HashMap;
use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, MaybeDone, maybe_done};
use tokio::task::JoinSet;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error, Row, SimpleQueryMessage, SimpleQueryRow, Statement};

use super::PostgresStoreError;
use super::failure::{Failure, within};
use super::query::Query;
use super::site::Site;
use crate::Entry;

/// A connection to the database, and the statements that were prepared there. Dropping it closes the connection.
pub(super) struct Session {
    pub(super) client: Client,
    /// The process of the database's server that works for it.
    pub(super) process: i32,
    statements: HashMap<String, Statement>,
    limit: Duration,
    _connection: JoinSet<()>,
}

/// The oldest version of PostgreSQL that is supported.
const VERSION_MIN: i32 = 14;

/// How long the other side may leave a probe unanswered: seconds until the first, between two, and their number.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_PROBES: u32 = 3;

impl Session {
    /// A connection whose transactions are ended by the database when they are idle for so long.
    pub(super) async fn open(site: &Site, idle_max: Duration) -> Result<Self, Failure> {
        let limit = site.config.answer_limit;
        let config = prepared(&site.config.config, limit);
        // Hosts are tried one after another.
        let hosts = config.get_hosts().len().max(config.get_hostaddrs().len()).max(1);
        let connecting = site.config.connector.connect(config);
        let connect_limit = limit.saturating_mul(u32::try_from(hosts).unwrap_or(u32::MAX));
        let (client, driver) = within(connect_limit, connecting).await?;
        let mut connection = JoinSet::new();
        connection.spawn(driver);
        // The database gives up first.
        let limit = limit + limit / 4;
        let mut session =
            Self { client, process: 0, statements: HashMap::new(), limit, _connection: connection };
        let rows = session.simple(&settings(site.config.answer_limit, idle_max)).await?;
        let setting = |index| rows.last().and_then(|row| row.get(index)).unwrap_or_default();
        let unfit = |reason| PostgresStoreError::Unfit { place: site.place.clone(), reason };
        let version = setting(0).parse::<i32>().unwrap_or_default() / 10_000;
        if version < VERSION_MIN {
            let reason =
                format!("the server is PostgreSQL {version}, and {VERSION_MIN} is the oldest supported");
            return Err(unfit(reason).into());
        }
        if setting(1) != "UTF8" {
            let reason = format!("the database's encoding is {}; create one with UTF8", setting(1));
            return Err(unfit(reason).into());
        }
        session.process = setting(2).parse().unwrap_or_default();
        Ok(session)
    }

    /// Statements without parameters, and the rows of all of them.
    pub(super) async fn simple(&self, statements: &str) -> Result<Vec<SimpleQueryRow>, Failure> {
        let messages = within(self.limit, self.client.simple_query(statements)).await?;
        let row = |message| if let SimpleQueryMessage::Row(row) = message { Some(row) } else { None };
        Ok(messages.into_iter().filter_map(row).collect())
    }

    /// A statement that is needed once.
    pub(super) async fn query(
        &self,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        within(self.limit, self.client.query(statement, parameters)).await
    }

    pub(super) async fn prepared(&mut self, statement: &str) -> Result<Statement, Failure> {
        if let Some(prepared) = self.statements.get(statement) {
            return Ok(prepared.clone());
        }
        let prepared = within(self.limit, self.client.prepare(statement)).await?;
        self.statements.insert(statement.to_owned(), prepared.clone());
        Ok(prepared)
    }

    /// What the queries find, in one round trip.
    pub(super) async fn read(&mut self, queries: &[Query]) -> Result<Vec<Vec<Entry>>, Failure> {
        let mut prepared = Vec::with_capacity(queries.len());
        for query in queries {
            prepared.push((self.prepared(&query.statement).await?, query.parameters()));
        }
        let client = &self.client;
        let reads =
            prepared.iter().map(|(statement, parameters)| client.query(statement, parameters).boxed());
        let answers = within(self.limit, in_order(reads)).await?;
        let entries = |(query, rows): (&Query, Vec<Row>)| {
            rows.iter().map(|row| query.entry(row)).collect::<Result<Vec<_>, _>>()
        };
        Ok(queries.iter().zip(answers).map(entries).collect::<Result<_, _>>()?)
    }

    /// The answers to what is sent at once, in its order; the first error, if there is one.
    pub(super) async fn pipelined<T>(
        &self,
        requests: impl IntoIterator<Item = BoxFuture<'_, Result<T, Error>>>,
    ) -> Result<Vec<T>, Failure> {
        within(self.limit, in_order(requests)).await
    }
}

/// Each request is sent when it is first polled, so all of them are polled in their order, whatever has been answered.
async fn in_order<'a, T>(
    requests: impl IntoIterator<Item = BoxFuture<'a, Result<T, Error>>>,
) -> Result<Vec<T>, Error> {
    let mut requests: Vec<MaybeDone<_>> = requests.into_iter().map(maybe_done).collect();
    poll_fn(|cx| {
        let mut done = true;
        for request in &mut requests {
            done &= request.poll_unpin(cx).is_ready();
        }
        if done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    requests.iter_mut().filter_map(|request| std::pin::Pin::new(request).take_output()).collect()
}

fn prepared(config: &Config, limit: Duration) -> Config {
    let mut config = config.clone();
    if config.get_application_name().is_none() {
        config.application_name("headwater-subscriber");
    }
    config
        .connect_timeout(limit)
        .keepalives(true)
        .keepalives_idle(KEEPALIVE_IDLE)
        .keepalives_interval(KEEPALIVE_INTERVAL)
        .keepalives_retries(KEEPALIVE_PROBES)
        .tcp_user_timeout(limit);
    config
}

/// How a session differs from another one; and what must be known of the server.
fn settings(limit: Duration, idle_max: Duration) -> String {
    format!(
        "SET statement_timeout = {statement};
        SET lock_timeout = {lock};
        SET idle_in_transaction_session_timeout = {idle_max};
        SET tcp_keepalives_idle = {idle};
        SET tcp_keepalives_interval = {interval};
        SET tcp_keepalives_count = {KEEPALIVE_PROBES};
        -- A commit that isn't flushed may be lost after its position has been told.
        SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
        -- What the planner knows of the tables may be out of date; all that is read is read by a key.
        SET enable_hashjoin = off;
        SET enable_mergejoin = off;
        SET enable_seqscan = off;
        SET jit = off;
        SELECT current_setting('server_version_num'), current_setting('server_encoding'), pg_backend_pid()",
        statement = limit.as_millis().max(1),
        lock = (limit.as_millis() / 2).max(1),
        idle_max = idle_max.as_millis().max(1),
        idle = KEEPALIVE_IDLE.as_secs(),
        interval = KEEPALIVE_INTERVAL.as_secs(),
    )
}
