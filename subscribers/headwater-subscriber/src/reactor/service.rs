use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser};
use headwater_event::Contracted;
use headwater_log::service::http::{ConnectionLimits, bind};
use headwater_log::service::{Connection, ContractCheck, Exit, Failure, Joined, Logs, Shutdown, run};
use headwater_log::{JetStreamConfig, JetStreamLog};
use tokio::task::JoinHandle;

use super::{Reactor, ReactorHttp, ReactorOptions, ReactorRunner};
use crate::http::HttpArgs;

/// The options of a service that has side effects.
#[derive(Debug, Parser)]
#[command(version, about, after_help = Exit::HELP)]
pub struct ReactorArgs {
    /// Keep the record of what is done below this directory; each instance has its own
    #[arg(long, value_name = "DIR", default_value = "headwater-data", env = "HEADWATER_DATA")]
    data: PathBuf,

    /// What to do when this service doesn't fit the services that are running
    #[arg(long, value_enum, default_value_t, env = "HEADWATER_CONTRACT_CHECK")]
    contract_check: ContractCheck,

    /// How many servers keep a copy of the streams of dead letters and of who works: 3 in production
    #[arg(long, value_name = "NUMBER", default_value_t = 1, env = "HEADWATER_REPLICAS")]
    replicas: usize,

    #[command(flatten)]
    http: HttpArgs,

    #[command(flatten)]
    connection: Connection,

    #[command(flatten)]
    logs: Logs,
}

/// Those, and the service's own.
#[derive(Parser)]
#[command(version, about, after_help = Exit::HELP)]
struct AllArgs<A: Args> {
    #[command(flatten)]
    own: A,

    #[command(flatten)]
    reactor: ReactorArgs,
}

/// No options of its own.
#[derive(Args)]
struct NoArgs {}

/// Why a reactor couldn't be made.
#[derive(Debug, thiserror::Error)]
#[error("the reactor can't be made")]
struct Unmade(#[source] Box<dyn Error + Send + Sync>);

/// The whole `main` of a service that has side effects.
///
/// It makes the reactor, starts if its contract and schemas fit the services that are running, and works whenever this instance
/// is the active one. It runs until SIGTERM or Ctrl-C, and then finishes what is under way. With `--http` it answers whether it
/// is well, and its figures. The exit codes are those of [`Exit`].
pub fn reactor_main<R: Reactor + Contracted>(
    about: &'static str,
    options: ReactorOptions,
    make: impl FnOnce() -> Result<R, Box<dyn Error + Send + Sync>>,
) -> Exit {
    reactor_main_with(about, options, |NoArgs {}| make())
}

/// The same, with command line options of the service's own, from which the reactor is made.
pub fn reactor_main_with<A: Args, R: Reactor + Contracted>(
    about: &'static str,
    options: ReactorOptions,
    make: impl FnOnce(A) -> Result<R, Box<dyn Error + Send + Sync>>,
) -> Exit {
    let command = AllArgs::<A>::command().name(R::NAME).about(about);
    let AllArgs { own, reactor: args } = match AllArgs::from_arg_matches(&command.get_matches()) {
        Ok(args) => args,
        Err(error) => error.exit(),
    };
    run(&args.logs, |shutdown| serve(&args, options, || make(own), shutdown))
}

async fn serve<R: Reactor + Contracted>(
    args: &ReactorArgs,
    options: ReactorOptions,
    make: impl FnOnce() -> Result<R, Box<dyn Error + Send + Sync>>,
    shutdown: Shutdown,
) -> Result<Exit, Failure> {
    // What is wrong with it is said before anything is connected.
    let runner = ReactorRunner::open(make().map_err(Unmade)?, options, &args.data)?;
    let served = Served::start(&args.http, &runner, &shutdown).await?;
    let worked = work(args, runner, served.as_ref(), &shutdown).await;
    // Whatever has ended the reactor ends the process.
    shutdown.request();
    if let Some(served) = served {
        served.ends().await;
    }
    worked
}

/// Works, or stands by, until the process is to end.
async fn work<R: Reactor + Contracted>(
    args: &ReactorArgs,
    runner: ReactorRunner<R>,
    served: Option<&Served>,
    shutdown: &Shutdown,
) -> Result<Exit, Failure> {
    let joined = Joined::join::<R>(R::NAME, &args.connection, args.contract_check, shutdown).await?;
    let Some(Joined { client, denials, announced }) = joined else { return Ok(Exit::Ok) };
    let config = JetStreamConfig { replicas: args.replicas, ..JetStreamConfig::default() };
    let log = Arc::new(JetStreamLog::watched(client, denials, config));
    if let Some(served) = served {
        served.http.working(Arc::clone(&log));
    }
    let status = runner.status();
    let ran = runner.run(log, shutdown.token().clone()).await;
    announced.close().await;
    ran?;
    let health = status.health();
    tracing::info!(
        handled = health.handled,
        parked = health.parked,
        "stopped; what was under way is finished"
    );
    Ok(Exit::Ok)
}

/// What the reactor answers over HTTP, while it is served.
struct Served {
    http: ReactorHttp,
    serving: JoinHandle<()>,
}

impl Served {
    /// Listens, if `--http` says where.
    async fn start<R: Reactor>(
        args: &HttpArgs,
        runner: &ReactorRunner<R>,
        shutdown: &Shutdown,
    ) -> Result<Option<Self>, Failure> {
        let Some(address) = args.http else { return Ok(None) };
        let listener = bind(address, HttpArgs::OPTION).await;
        let listener = listener.map_err(|error| Failure::new(Exit::Usage, &error))?;
        tracing::info!(address = %listener.local_addr()?, "answering over HTTP");
        let stop = shutdown.token().clone();
        let http = ReactorHttp::new(runner, args.ready_within(), ConnectionLimits::default(), stop);
        let serving = tokio::spawn(http.serve(listener));
        Ok(Some(Self { http, serving }))
    }

    async fn ends(self) {
        // It has its own limit. A panic in it is its own.
        let _ = self.serving.await;
    }
}
