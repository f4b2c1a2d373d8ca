use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use headwater_contract::Contract;
use headwater_log::service::http::bind;
use headwater_log::service::{
    Announcement, Connection, ContractCheck, Contracts, Exit, Failure, Logs, Shutdown, run,
};
use headwater_log::{Flush, JetStreamConfig, JetStreamLog, Log};

use crate::announcing::{Announcements, announcement};
use crate::{Admission, Edge, Limits, Tokens, load_contract, load_registry, serve};

/// Take CloudEvents over HTTP, and store those that a contract declares and whose data fit the registered schema
#[derive(Debug, Parser)]
#[command(name = "headwater-edge", version, about, after_help = Exit::HELP)]
struct EdgeArgs {
    /// The registered schemas: a registry's directory, or a bundle of `headwater schema export`
    #[arg(long, value_name = "DIR|FILE", env = "HEADWATER_EDGE_REGISTRY")]
    registry: PathBuf,

    /// The contract.toml of a service that publishes through the edge; may be given several times
    #[arg(
        long = "contract",
        value_name = "FILE",
        required = true,
        env = "HEADWATER_EDGE_CONTRACTS",
        value_delimiter = ','
    )]
    contracts: Vec<PathBuf>,

    /// The services' bearer tokens: on each line a service, and its token or `sha256:` and the token's hash
    #[arg(long, value_name = "FILE", env = "HEADWATER_EDGE_TOKENS")]
    tokens: Option<PathBuf>,

    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", env = "HEADWATER_EDGE_LISTEN")]
    listen: SocketAddr,

    /// How long a request may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = clap::value_parser!(u16).range(1..=300))]
    request_timeout: u16,

    /// How large a body may be, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().body_bytes_max, value_parser = parse_count)]
    body_max: usize,

    /// How many requests may be under way; the next one is told to come back
    #[arg(long, value_name = "N", default_value_t = Limits::default().requests_max, value_parser = parse_count)]
    requests_max: usize,

    /// How many servers keep a copy of a stream, if it is created: 3 in production
    #[arg(long, value_name = "N", default_value_t = 1, env = "HEADWATER_REPLICAS", value_parser = clap::value_parser!(u8).range(1..=5))]
    replicas: u8,

    /// When the servers flush what they store, by their `sync_interval`; it decides how events are sent
    #[arg(long, value_enum, default_value_t, env = "HEADWATER_FLUSH")]
    flush: Flush,

    /// What to do when a service that publishes through the edge doesn't fit the services that are running
    #[arg(long, value_enum, default_value_t, env = "HEADWATER_CONTRACT_CHECK")]
    contract_check: ContractCheck,

    #[command(flatten)]
    connection: Connection,

    #[command(flatten)]
    logs: Logs,
}

/// The whole `main` of the service.
///
/// It ends on SIGTERM or Ctrl-C, when the requests under way are answered. The exit codes are those of [`Exit`].
#[must_use]
pub fn main() -> Exit {
    let args = EdgeArgs::parse();
    run(&args.logs, |shutdown| start(&args, shutdown))
}

async fn start(args: &EdgeArgs, shutdown: Shutdown) -> Result<Exit, Failure> {
    // What is wrong with the files is said before anything is connected.
    let (admission, announcements) = admission(args)?;
    let tokens = args.tokens.as_deref().map(|path| Tokens::load(path, &admission)).transpose();
    let tokens = tokens.map_err(|error| Failure::new(Exit::Usage, &error))?;
    if tokens.is_none() && !args.listen.ip().is_loopback() {
        tracing::warn!(
            "whoever reaches {} may publish as any service, because there are no --tokens",
            args.listen
        );
    }
    let joining = async {
        let (client, denials) = args.connection.connect_watched("headwater-edge").await?;
        let contracts = Contracts::new(client.clone(), denials.clone());
        let announced = Announcements::announce(&contracts, announcements, args.contract_check).await?;
        Ok::<_, Failure>((client, denials, announced))
    };
    // A server that is down may come back, so what is asked of it may take a while.
    let Some(joined) = shutdown.token().run_until_cancelled(joining).await else {
        tracing::info!("stopped before the contracts were announced");
        return Ok(Exit::Ok);
    };
    let (client, denials, announced) = joined?;
    let log: Log = Arc::new(JetStreamLog::watched(client, denials, log_config(args)));
    let served = take_events(args, log, admission, tokens, &shutdown).await;
    announced.close().await;
    served
}

async fn take_events(
    args: &EdgeArgs,
    log: Log,
    admission: Admission,
    tokens: Option<Tokens>,
    shutdown: &Shutdown,
) -> Result<Exit, Failure> {
    let limits = limits(args);
    let edge = Edge::new(log, admission, limits.clone());
    let edge = match tokens {
        Some(tokens) => edge.with_tokens(tokens),
        None => edge,
    };
    let Some(opened) = shutdown.token().run_until_cancelled(edge.open()).await else {
        tracing::info!("stopped before the streams were opened");
        return Ok(Exit::Ok);
    };
    opened?;
    let listener = bind(args.listen, "--listen").await;
    let listener = listener.map_err(|error| Failure::new(Exit::Usage, &error))?;
    tracing::info!(address = %listener.local_addr()?, "taking events");
    serve(listener, edge.router(), &limits, shutdown.token().clone()).await;
    tracing::info!("stopped; what was under way is answered");
    Ok(Exit::Ok)
}

/// Who may publish what, and what is announced of them.
fn admission(args: &EdgeArgs) -> Result<(Admission, Vec<Announcement>), Failure> {
    let usage = |error: &(dyn std::error::Error + 'static)| Failure::new(Exit::Usage, error);
    let registry = load_registry(&args.registry).map_err(|error| usage(&error))?;
    let contracts: Result<Vec<Contract>, _> = args.contracts.iter().map(|path| load_contract(path)).collect();
    let contracts = contracts.map_err(|error| usage(&error))?;
    let admission = Admission::new(&registry, &contracts).map_err(|error| usage(&error))?;
    let announcements = contracts.iter().map(|contract| announcement(&registry, contract));
    Ok((admission, announcements.collect()))
}

fn limits(args: &EdgeArgs) -> Limits {
    Limits {
        request: Duration::from_secs(args.request_timeout.into()),
        body_bytes_max: args.body_max,
        requests_max: args.requests_max,
        ..Limits::default()
    }
}

/// The log gives up before the request does: it can tell what was not stored from what may have been.
fn log_config(args: &EdgeArgs) -> JetStreamConfig {
    let request = Duration::from_secs(args.request_timeout.into());
    let (deadline, answer_timeout) = (request * 4 / 5, request * 2 / 5);
    let (replicas, flush) = (args.replicas.into(), args.flush);
    JetStreamConfig { replicas, flush, deadline, answer_timeout, ..JetStreamConfig::default() }
}

/// A number of things that there must be, and that can be counted.
fn parse_count(text: &str) -> Result<usize, String> {
    match text.parse::<u32>() {
        Ok(count @ 1..) => usize::try_from(count).map_err(|error| error.to_string()),
        _ => Err(format!("{text:?} is not a whole number from 1 to {}", u32::MAX)),
    }
}
