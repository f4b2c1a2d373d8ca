use std::path::PathBuf;
use std::sync::Arc;

use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use headwater_log::service::{Connection, Exit, Failure, Logs, Shutdown, run};
use headwater_log::{JetStreamConfig, JetStreamLog, Log};

use crate::query_server::QueryServer;
use crate::{Projection, Projector};

/// The options of a service that builds a projection.
#[derive(Debug, Parser)]
#[command(version, about, after_help = Exit::HELP)]
pub struct SubscriberArgs {
    /// Keep the projection below this directory, and go on from what is there
    #[arg(long, value_name = "DIR", default_value = "headwater-data", env = "HEADWATER_DATA")]
    data: PathBuf,

    #[command(flatten)]
    connection: Connection,

    #[command(flatten)]
    logs: Logs,
}

/// The whole `main` of a service that builds a projection from NATS.
///
/// It runs until SIGTERM or Ctrl-C, and then commits what has arrived. Started again, it goes on after
/// the last event that it has committed. The exit codes are those of [`Exit`].
pub fn main<P: Projection>(about: &'static str) -> Exit {
    let command = SubscriberArgs::command().name(P::NAME).about(about);
    let args = match SubscriberArgs::from_arg_matches(&command.get_matches()) {
        Ok(args) => args,
        Err(error) => error.exit(),
    };
    run(&args.logs, |shutdown| serve::<P>(&args, shutdown))
}

async fn serve<P: Projection>(args: &SubscriberArgs, shutdown: Shutdown) -> Result<Exit, Failure> {
    // What is wrong with the state is said before anything is connected.
    let projector = Projector::<P>::open(&args.data)?;
    let _queries = QueryServer::start(&args.data, P::NAME, projector.view());
    let client = args.connection.connect(P::NAME).await?;
    let log: Log = Arc::new(JetStreamLog::new(client, JetStreamConfig::default()));
    let position = projector.position();
    tracing::info!(data = %args.data.display(), position = *position.borrow(), "following");
    projector.run(log, shutdown.token().clone()).await?;
    tracing::info!(position = *position.borrow(), "stopped; everything that has arrived is committed");
    Ok(Exit::Ok)
}
