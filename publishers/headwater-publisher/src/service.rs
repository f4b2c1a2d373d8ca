use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use headwater_event::{Contracted, Decider};
use headwater_log::service::{Connection, ContractCheck, Exit, Failure, Joined, Logs, Shutdown, run};
use headwater_log::{Flush, JetStreamConfig, JetStreamLog, Log, OpenError};
use tokio_util::sync::CancellationToken;

use crate::rate::{Rate, parse_rate};
use crate::records::{RecordsError, RowErrors};
use crate::{Aggregates, Command, Feed, FeedError, FeedSummary};

/// A source of commands that is read from records, in the order of their time.
pub trait RecordFeed: Sized + Send {
    /// What decides on the commands. Its outbox has the service's contract, which says the service's name; events
    /// have the source `/<name>`.
    type Decider: Decider<Outbox: Contracted>;

    /// Opens the records in `directory`, or the ones that are built into the program.
    ///
    /// # Errors
    ///
    /// [`RecordsError`] when there are none, or they have other columns.
    fn open(directory: Option<&Path>) -> Result<Self, RecordsError>;

    /// The next command; `None` after the last one. Rows that can't be read are skipped and kept count of.
    ///
    /// # Errors
    ///
    /// [`RecordsError`] when a file can't be read on.
    fn next_command(&mut self) -> Result<Option<Command<Self::Decider>>, RecordsError>;

    /// The rows that were skipped so far.
    fn row_errors(&self) -> RowErrors;
}

/// What has become of a whole feed.
#[derive(Debug, Clone, Default)]
pub struct Published {
    /// What has become of its commands.
    pub summary: FeedSummary,
    /// The rows that couldn't be read.
    pub row_errors: RowErrors,
}

/// Publishes all that `feed` yields, until `stop` is cancelled; `progress` is told after every command.
///
/// # Errors
///
/// [`PublishError`] when the records can't be read on or a command wasn't handled. What was sent before
/// has been answered by then.
pub async fn publish<F: RecordFeed>(
    mut feed: F,
    log: Log,
    rate: Rate,
    stop: CancellationToken,
    mut progress: impl FnMut(FeedSummary),
) -> Result<Published, PublishError<Rejection<F>>> {
    let source = format!("/{}", service_name::<F>());
    // Most aggregates of a feed begin with it.
    let aggregates = Aggregates::open(log, source).await.map_err(PublishError::Open)?.assuming_new();
    let mut sender = Feed::new(aggregates);
    let sent = loop {
        if stop.is_cancelled() {
            break Ok(());
        }
        match feed.next_command() {
            Ok(Some(command)) => {
                match sender.meanwhile(stop.run_until_cancelled(rate.turn())).await {
                    Ok(Some(())) => {}
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(PublishError::Feed(error)),
                }
                if let Err(error) = sender.send(command).await {
                    break Err(PublishError::Feed(error));
                }
                progress(sender.summary());
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(PublishError::Records(error)),
        }
    };
    let finished = sender.finish().await;
    let summary = sender.summary();
    progress(summary);
    match sent {
        Ok(()) => {
            Ok(Published { summary: finished.map_err(PublishError::Feed)?, row_errors: feed.row_errors() })
        }
        // More was stored since than when the feed stopped.
        Err(PublishError::Feed(error)) => Err(PublishError::Feed(FeedError { summary, ..error })),
        Err(error) => Err(error),
    }
}

/// Why the aggregates of a feed refuse commands.
type Rejection<F> = <<F as RecordFeed>::Decider as Decider>::Rejection;

/// Why a feed wasn't published to its end.
#[derive(Debug, thiserror::Error)]
pub enum PublishError<R: Error + Send + Sync + 'static> {
    /// The domain's stream can't be opened.
    #[error("nothing was published")]
    Open(#[source] OpenError),
    /// The records can't be read on.
    #[error("the records can't be read on")]
    Records(#[source] RecordsError),
    /// A command wasn't handled.
    #[error(transparent)]
    Feed(FeedError<R>),
}

/// The options of a service that publishes records.
#[derive(Debug, Parser)]
#[command(version, about, after_help = Exit::HELP)]
pub struct PublisherArgs {
    /// Read the CSV files of this directory instead of the week that is built in
    #[arg(long, value_name = "DIR", env = "HEADWATER_RECORDS")]
    records: Option<PathBuf>,

    /// Publish this many events a second, instead of as many as can be
    #[arg(long, value_name = "N", env = "HEADWATER_RATE", value_parser = parse_rate)]
    rate: Option<f64>,

    /// How many servers keep a copy of the stream, if it is created: 3 in production
    #[arg(long, value_name = "N", default_value_t = 1, env = "HEADWATER_REPLICAS", value_parser = clap::value_parser!(u8).range(1..=5))]
    replicas: u8,

    /// When the servers flush what they store, by their `sync_interval`; it decides how events are sent
    #[arg(long, value_enum, default_value_t, env = "HEADWATER_FLUSH")]
    flush: Flush,

    /// What to do when this service doesn't fit the services that are running
    #[arg(long, value_enum, default_value_t, env = "HEADWATER_CONTRACT_CHECK")]
    contract_check: ContractCheck,

    #[command(flatten)]
    connection: Connection,

    #[command(flatten)]
    logs: Logs,
}

/// The whole `main` of a service that publishes records to NATS.
///
/// It starts if its contract and schemas fit the services that are running, which it announces its own to.
/// It ends when all is published, or on SIGTERM or Ctrl-C; what it has sent by then is stored. Started
/// again, it publishes nothing twice. The exit codes are those of [`Exit`].
pub fn main<F: RecordFeed>(about: &'static str) -> Exit {
    let command = PublisherArgs::command().name(service_name::<F>()).about(about);
    let args = match PublisherArgs::from_arg_matches(&command.get_matches()) {
        Ok(args) => args,
        Err(error) => error.exit(),
    };
    run(&args.logs, |shutdown| serve::<F>(&args, shutdown))
}

async fn serve<F: RecordFeed>(args: &PublisherArgs, shutdown: Shutdown) -> Result<Exit, Failure> {
    // What is wrong with the records is said before anything is connected.
    let feed = F::open(args.records.as_deref()).map_err(|error| Failure::new(Exit::Usage, &error))?;
    let (name, check) = (service_name::<F>(), args.contract_check);
    let joined = Joined::join::<Outbox<F>>(name, &args.connection, check, &shutdown).await?;
    let Some(Joined { client, denials, announced }) = joined else { return Ok(Exit::Ok) };
    let config =
        JetStreamConfig { replicas: args.replicas.into(), flush: args.flush, ..JetStreamConfig::default() };
    let log: Log = Arc::new(JetStreamLog::watched(client, denials, config));
    tracing::info!(records = %args.records.as_deref().unwrap_or(Path::new("built in")).display(), "publishing");
    let stop = shutdown.token().clone();
    let published = publish(feed, log, Rate::new(args.rate), stop, |_| {}).await;
    announced.close().await;
    let Published { summary, row_errors } = published.map_err(|error| match &error {
        PublishError::Feed(feed) if feed.source.is_unavailable() => Failure::new(Exit::Unavailable, &error),
        _ => Failure::from(error),
    })?;
    tracing::info!(
        published = summary.published,
        repeated = summary.repeated,
        rejected = summary.rejected,
        rows_skipped = row_errors.count(),
        "{}",
        if shutdown.token().is_cancelled() { "stopped; start again to go on" } else { "all published" }
    );
    Ok(if row_errors.count() > 0 { Exit::RecordsSkipped } else { Exit::Ok })
}

/// What carries the contract of a feed's service.
type Outbox<F> = <<F as RecordFeed>::Decider as Decider>::Outbox;

fn service_name<F: RecordFeed>() -> &'static str {
    <Outbox<F> as Contracted>::CONTRACT.service
}
