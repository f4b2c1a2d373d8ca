use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use headwater_event::Contracted;
use headwater_log::service::http::bind;
use headwater_log::service::{Connection, ContractCheck, Exit, Failure, Joined, Logs, Shutdown, report, run};
use headwater_log::{JetStreamBucket, JetStreamConfig, JetStreamLog, Leases, Log};
use jiff::{SignedDuration, Span, SpanRelativeTo};
use tokio::task::JoinHandle;

use crate::http::{HttpArgs, Queries, QueryLimits, Reader};
use crate::replica::ReplicaArgs;
use crate::sharing::Sharing;
use crate::sharing_args::SharingArgs;
use crate::store_args::{StoreArgs, StoreArgsError};
use crate::{Projection, Projector, ProjectorError, ProjectorOptions, Stores};

/// The options of a service that builds a projection.
#[derive(Parser)]
#[command(version, about, after_help = Exit::HELP)]
pub struct SubscriberArgs {
    /// Keep the projection below this directory, and go on from what is there
    #[arg(long, value_name = "DIR", default_value = "headwater-data", env = "HEADWATER_DATA")]
    data: PathBuf,

    #[command(flatten)]
    store: StoreArgs,

    /// Read at most this many events a second while another build of the projection answers queries
    /// [default: as many as can be]
    #[arg(long, value_name = "N", env = "HEADWATER_REBUILD_RATE")]
    rebuild_rate: Option<NonZeroU32>,

    /// Let the broker send at most so many mebibytes ahead of what is applied
    #[arg(long, value_name = "MIB", default_value = "8", env = "HEADWATER_READ_AHEAD")]
    read_ahead: NonZeroU32,

    /// Keep a build that was replaced for this long, such as `36h` or `7d`, so that it can be rolled back to
    #[arg(long, value_name = "TIME", default_value = "24h", env = "HEADWATER_KEEP_BUILDS", value_parser = parse_time)]
    keep_builds: SignedDuration,

    /// What to do when this service doesn't fit the services that are running
    #[arg(long, value_enum, default_value_t, env = "HEADWATER_CONTRACT_CHECK")]
    contract_check: ContractCheck,

    #[command(flatten)]
    http: HttpArgs,

    #[command(flatten)]
    replica: ReplicaArgs,

    #[command(flatten)]
    sharing: SharingArgs,

    #[command(flatten)]
    connection: Connection,

    #[command(flatten)]
    logs: Logs,
}

impl SubscriberArgs {
    fn projector(&self) -> Result<ProjectorOptions, StoreArgsError> {
        let Self { rebuild_rate, keep_builds, .. } = *self;
        let (store, partitions) = (self.store.stores()?, self.sharing.partitions);
        Ok(ProjectorOptions { store, partitions, rebuild_events_per_s: rebuild_rate, keep: keep_builds })
    }
}

/// A time of whole days of 24 hours, or of smaller units.
pub(crate) fn parse_time(text: &str) -> Result<SignedDuration, String> {
    const REMEDY: &str = "write it as `36h`, `90m` or `7d`";
    let span: Span = text.parse().map_err(|error| format!("{error}; {REMEDY}"))?;
    let time = span.to_duration(SpanRelativeTo::days_are_24_hours());
    let time = time.map_err(|error| format!("{error}; {REMEDY}"))?;
    if time.is_negative() { Err(format!("it is less than nothing; {REMEDY}")) } else { Ok(time) }
}

/// The whole `main` of a service that builds a projection from NATS.
///
/// It starts if its contract and schemas fit the services that are running, which it announces its own to.
/// It runs until SIGTERM or Ctrl-C, and then commits what has arrived. Started again, it goes on after
/// the last event that it has committed. With `--http` it answers over HTTP; then it also stays, and answers, when it
/// can't get past an event. The exit codes are those of [`Exit`].
pub fn main<P: Projection + Contracted>(about: &'static str) -> Exit {
    main_with::<P>(about, |_| Router::new())
}

/// The same, with routes of the service's own beside those that every projection has with `--http`.
pub fn main_with<P: Projection + Contracted>(
    about: &'static str,
    routes: impl FnOnce(Reader<P>) -> Router,
) -> Exit {
    let command = SubscriberArgs::command().name(P::NAME).about(about);
    let args = match SubscriberArgs::from_arg_matches(&command.get_matches()) {
        Ok(args) => args,
        Err(error) => error.exit(),
    };
    run(&args.logs, |shutdown| serve::<P>(&args, routes, shutdown))
}

async fn serve<P: Projection + Contracted>(
    args: &SubscriberArgs,
    routes: impl FnOnce(Reader<P>) -> Router,
    shutdown: Shutdown,
) -> Result<Exit, Failure> {
    // What is wrong with the options is said before anything is connected.
    let options = args.projector().map_err(|error| Failure::new(Exit::Usage, &error))?;
    args.sharing.check().map_err(|error| Failure::new(Exit::Usage, &error))?;
    let stores = options.store.clone();
    let projector = if args.sharing.share {
        Projector::<P>::open_shared(&args.data, options)?
    } else {
        // A state in a database is there for every instance.
        #[cfg_attr(
            not(feature = "postgres"),
            allow(irrefutable_let_patterns, reason = "there are other stores")
        )]
        if let Stores::Directories(kind) = stores {
            let state = (args.data.as_path(), kind, options.partitions);
            args.replica.load::<P>(state, &args.connection, &shutdown).await;
        }
        Projector::<P>::open_with(&args.data, options)?
    };
    let _answering = projector.answer_questions();
    let served = Served::start(args, &stores, &projector, routes, &shutdown).await?;
    let built = build(args, projector, served.as_ref(), &shutdown).await;
    // Whatever has ended the projection ends the process.
    shutdown.request();
    if let Some(served) = served {
        served.ends().await;
    }
    built
}

/// Builds the projection until the process is to end.
async fn build<P: Projection + Contracted>(
    args: &SubscriberArgs,
    projector: Projector<P>,
    served: Option<&Served<P>>,
    shutdown: &Shutdown,
) -> Result<Exit, Failure> {
    let joined = Joined::join::<P>(P::NAME, &args.connection, args.contract_check, shutdown).await?;
    let Some(Joined { client, denials, announced }) = joined else { return Ok(Exit::Ok) };
    let sharing = args.sharing.share.then(|| {
        let leases = args.sharing.leases(args.replica.servers());
        Leases::new(client.clone(), denials.clone(), leases)
    });
    let open = |config| JetStreamBucket::new(client.clone(), denials, config);
    let (replicas, schedule) = args.replica.replicas(&args.data, args.keep_builds, sharing.is_some(), open);
    let writing =
        replicas.as_ref().zip(schedule).map(|(replicas, schedule)| replicas.write(&projector, schedule));
    let address = args.sharing.address();
    let sharing = sharing.map(|leases| Sharing { leases, address, replicas });
    let read_ahead_bytes_max =
        usize::try_from(args.read_ahead.get()).unwrap_or(usize::MAX).saturating_mul(1 << 20);
    let config = JetStreamConfig { read_ahead_bytes_max, ..JetStreamConfig::default() };
    let log: Log = Arc::new(JetStreamLog::new(client, config));
    let position = projector.position();
    tracing::info!(data = %args.data.display(), position = %*position.borrow(), "following");
    if let Some(served) = served {
        served.queries.following(Arc::clone(&log));
    }
    let stop = shutdown.token().clone();
    let ran = match sharing {
        Some(sharing) => projector.run_shared(log, sharing, stop).await,
        None => projector.run(log, stop).await,
    };
    if let (Err(error), Some(served)) = (&ran, served) {
        served.halted(error, shutdown).await;
    }
    if let Some(writing) = writing {
        writing.close().await;
    }
    announced.close().await;
    ran?;
    if args.sharing.share {
        tracing::info!(
            "stopped; everything that has arrived is committed, and the partitions are handed over"
        );
    } else {
        tracing::info!(position = %*position.borrow(), "stopped; everything that has arrived is committed");
    }
    Ok(Exit::Ok)
}

/// The projection's HTTP API while it is served.
struct Served<P> {
    queries: Queries<P>,
    serving: JoinHandle<()>,
}

impl<P: Projection> Served<P> {
    /// Listens, if `--http` says where.
    async fn start(
        args: &SubscriberArgs,
        stores: &Stores,
        projector: &Projector<P>,
        routes: impl FnOnce(Reader<P>) -> Router,
        shutdown: &Shutdown,
    ) -> Result<Option<Self>, Failure> {
        let Some(address) = args.http.http else { return Ok(None) };
        let listener = bind(address, HttpArgs::OPTION).await;
        let listener = listener.map_err(|error| Failure::new(Exit::Usage, &error))?;
        tracing::info!(address = %listener.local_addr()?, "answering over HTTP");
        let (within, stop) = (args.http.ready_within(), shutdown.token().clone());
        let queries = Queries::new(projector, stores, within, QueryLimits::default(), stop);
        let serving = tokio::spawn(queries.serve(listener, routes(queries.reader())));
        Ok(Some(Self { queries, serving }))
    }

    /// The projection has halted. If it would again, the process stays, because what it has can be read.
    async fn halted(&self, error: &ProjectorError, shutdown: &Shutdown) {
        self.queries.halted(error);
        if error.is_at_event() {
            tracing::error!(
                error = report(error),
                "halted; what the projection has is still answered over HTTP, until the process is asked to stop"
            );
            shutdown.requested().await;
        }
    }

    async fn ends(self) {
        // It has its own limit. A panic in it is its own.
        let _ = self.serving.await;
    }
}
