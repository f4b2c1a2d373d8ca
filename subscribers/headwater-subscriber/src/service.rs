use std::path::PathBuf;
use std::sync::Arc;

use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use headwater_event::Contracted;
use headwater_log::service::{Connection, ContractCheck, Exit, Failure, Logs, Shutdown, announce, run};
use headwater_log::{JetStreamConfig, JetStreamLog, Log};

use crate::query_server::QueryServer;
use crate::{Projection, Projector, StoreKind};

/// The options of a service that builds a projection.
#[derive(Debug, Parser)]
#[command(version, about, after_help = Exit::HELP)]
pub struct SubscriberArgs {
    /// Keep the projection below this directory, and go on from what is there
    #[arg(long, value_name = "DIR", default_value = "headwater-data", env = "HEADWATER_DATA")]
    data: PathBuf,

    /// The kind of store that the projection is kept in
    #[arg(long, value_enum, default_value_t, env = "HEADWATER_STORE")]
    store: StoreKind,

    /// What to do when this service doesn't fit the services that are running
    #[arg(long, value_enum, default_value_t, env = "HEADWATER_CONTRACT_CHECK")]
    contract_check: ContractCheck,

    #[command(flatten)]
    connection: Connection,

    #[command(flatten)]
    logs: Logs,
}

/// The whole `main` of a service that builds a projection from NATS.
///
/// It starts if its contract and schemas fit the services that are running, which it announces its own to.
/// It runs until SIGTERM or Ctrl-C, and then commits what has arrived. Started again, it goes on after
/// the last event that it has committed. The exit codes are those of [`Exit`].
pub fn main<P: Projection + Contracted>(about: &'static str) -> Exit {
    let command = SubscriberArgs::command().name(P::NAME).about(about);
    let args = match SubscriberArgs::from_arg_matches(&command.get_matches()) {
        Ok(args) => args,
        Err(error) => error.exit(),
    };
    run(&args.logs, |shutdown| serve::<P>(&args, shutdown))
}

async fn serve<P: Projection + Contracted>(
    args: &SubscriberArgs,
    shutdown: Shutdown,
) -> Result<Exit, Failure> {
    // What is wrong with the state is said before anything is connected.
    let projector = Projector::<P>::open_in(args.store, &args.data)?;
    let _queries = QueryServer::start(&args.data, P::NAME, projector.view());
    let (client, denials) = args.connection.connect_watched(P::NAME).await?;
    let announcing = announce::<P>(client.clone(), denials, args.contract_check);
    // A server that is down may come back, so this may take a while.
    let Some(announced) = shutdown.token().run_until_cancelled(announcing).await else {
        tracing::info!("stopped before its contract was announced");
        return Ok(Exit::Ok);
    };
    let announced = announced?;
    let log: Log = Arc::new(JetStreamLog::new(client, JetStreamConfig::default()));
    let position = projector.position();
    tracing::info!(data = %args.data.display(), position = *position.borrow(), "following");
    let ran = projector.run(log, shutdown.token().clone()).await;
    announced.close().await;
    ran?;
    tracing::info!(position = *position.borrow(), "stopped; everything that has arrived is committed");
    Ok(Exit::Ok)
}
