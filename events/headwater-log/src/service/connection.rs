use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{Client, ConnectOptions};
use tokio::time::{Instant, sleep, timeout_at};

use super::client_events::ClientEvents;
use super::connect_error::NO_ANSWER;
use super::context::{Context, expand_home};
use super::credentials::Credentials;
use super::secret::Secret;
use super::servers::Servers;
use super::tls::Tls;
use super::{ConnectError, ServersError, reconnect};
use crate::denials::Denials;

const DEFAULT_SERVER: &str = "nats://127.0.0.1:4222";

/// How often the connection is probed: a dead one is noticed within three times this.
const PING_EVERY: Duration = Duration::from_secs(10);

/// How long a request waits for its answer.
const REQUEST_LIMIT: Duration = Duration::from_secs(5);

/// How many messages wait for a slow reader before the client drops some.
const SUBSCRIPTION_MESSAGES: usize = 128 * 1024;

/// Between the first attempts to connect; it doubles up to the second value.
const RETRY_AFTER: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));

/// Where the NATS server is, and who connects to it: the options that every command and service has.
///
/// An option wins over its environment variable, and both win over the context; an empty variable counts as none. Of the
/// ways to authenticate at most one may be given, by options and variables together. `Debug` shows no secret.
///
/// # Example: in a command
///
/// ```
/// use clap::Parser;
/// use headwater_log::service::Connection;
///
/// #[derive(Parser)]
/// struct Command {
///     #[command(flatten)]
///     connection: Connection,
/// }
///
/// let command = Command::parse_from(["command", "--server", "nats://n1,nats://n2"]);
/// assert!(format!("{:?}", command.connection).contains("nats://n1, nats://n2"));
/// ```
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// The NATS servers, separated by commas [default: nats://127.0.0.1:4222]
    #[arg(long, global = true, value_name = "URL[,URL]", env = unless_empty("NATS_URL"), hide_env_values = true)]
    server: Option<Servers>,

    /// A context of the `nats` command, by name or by file
    #[arg(long, global = true, value_name = "NAME", env = unless_empty("NATS_CONTEXT"))]
    context: Option<String>,

    /// A credentials file, with a user's JWT and seed
    #[arg(
        long, global = true, value_name = "FILE", env = unless_empty("NATS_CREDS"),
        conflicts_with_all = ["nkey", "user", "password", "token"]
    )]
    creds: Option<PathBuf>,

    /// A file with a user's nkey seed
    #[arg(
        long, global = true, value_name = "FILE", env = unless_empty("NATS_NKEY"),
        conflicts_with_all = ["user", "password", "token"]
    )]
    nkey: Option<PathBuf>,

    /// The user, with --password
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = unless_empty("NATS_USER"),
        requires = "password",
        conflicts_with = "token"
    )]
    user: Option<String>,

    /// The password of --user; better given as NATS_PASSWORD, which other users of this machine don't see
    #[arg(
        long,
        global = true,
        env = unless_empty("NATS_PASSWORD"),
        hide_env_values = true,
        requires = "user",
        conflicts_with = "token"
    )]
    password: Option<Secret>,

    /// The token; better given as NATS_TOKEN, which other users of this machine don't see
    #[arg(long, global = true, env = unless_empty("NATS_TOKEN"), hide_env_values = true)]
    token: Option<Secret>,

    /// The authority that signed the server's certificate, and no other; asks for TLS
    #[arg(long, global = true, value_name = "FILE", env = unless_empty("NATS_CA"))]
    tls_ca: Option<PathBuf>,

    /// The client's own certificate; asks for TLS
    #[arg(long, global = true, value_name = "FILE", env = unless_empty("NATS_CERT"), requires = "tls_key")]
    tls_cert: Option<PathBuf>,

    /// The key of --tls-cert
    #[arg(long, global = true, value_name = "FILE", env = unless_empty("NATS_KEY"), requires = "tls_cert")]
    tls_key: Option<PathBuf>,

    /// How long to try to connect, in seconds
    #[arg(long, global = true, value_name = "SECONDS", default_value = "5", value_parser = parse_seconds)]
    connect_timeout: Duration,
}

impl Connection {
    /// A connection to these servers (one URL, or several with commas) with no other options, for tests and for
    /// processes without a command line.
    ///
    /// # Errors
    ///
    /// [`ServersError`] when one of them is no address of a NATS server.
    pub fn to(servers: &str) -> Result<Self, ServersError> {
        Ok(Self {
            server: Some(servers.parse()?),
            context: None,
            creds: None,
            nkey: None,
            user: None,
            password: None,
            token: None,
            tls_ca: None,
            tls_cert: None,
            tls_key: None,
            connect_timeout: Duration::from_secs(5),
        })
    }

    /// Connects, under a name that operators see in the server's list of connections.
    ///
    /// A server that doesn't answer is tried again until the connect timeout is over; one that refuses the client or
    /// its certificate is not. Later, a lost connection is replaced without end, and each change is logged.
    ///
    /// # Errors
    ///
    /// [`ConnectError`], one line that says what to do: no server answered, the server refused the client, there was no
    /// agreement on TLS, or a file isn't what it should be.
    pub async fn connect(&self, name: &str) -> Result<Client, ConnectError> {
        Ok(self.connect_watched(name).await?.0)
    }

    /// Connects as [`connect`](Self::connect) does, and tells what the server denies later.
    ///
    /// # Errors
    ///
    /// As for [`connect`](Self::connect).
    pub async fn connect_watched(&self, name: &str) -> Result<(Client, Denials), ConnectError> {
        let context = match &self.context {
            Some(context) => Context::load(context).await?,
            None => Context::default(),
        };
        let servers = self.servers(&context)?;
        let credentials = self.credentials(&context, &servers).await?;
        let denials = Denials::new();
        let options = self.client_options(name, servers.addresses().len(), &denials);
        let options = match context.inbox_prefix.as_str() {
            "" => options,
            prefix => options.custom_inbox_prefix(prefix),
        };
        let options = credentials.apply(self.tls(&context).apply(options).await?)?;
        Ok((self.connect_in_time(&servers, &credentials, options).await?, denials))
    }

    async fn connect_in_time(
        &self,
        servers: &Servers,
        credentials: &Credentials,
        options: ConnectOptions,
    ) -> Result<Client, ConnectError> {
        let deadline = Instant::now() + self.connect_timeout;
        let unreachable = |reason: &str| ConnectError::Unreachable {
            servers: servers.to_string(),
            waited: self.connect_timeout,
            reason: reason.to_owned(),
        };
        let mut reason = NO_ANSWER.to_owned();
        let (mut pause, longest_pause) = RETRY_AFTER;
        loop {
            match timeout_at(deadline, options.clone().connect(servers.addresses())).await {
                Ok(Ok(client)) => return Ok(client),
                Ok(Err(error)) => match ConnectError::from_attempt(&error, servers, credentials) {
                    Ok(final_error) => return Err(final_error),
                    Err(its_reason) => reason = its_reason,
                },
                Err(_) => return Err(unreachable(&reason)),
            }
            if timeout_at(deadline, sleep(pause)).await.is_err() {
                return Err(unreachable(&reason));
            }
            pause = (pause * 2).min(longest_pause);
        }
    }

    fn client_options(&self, name: &str, servers: usize, denials: &Denials) -> ConnectOptions {
        // One server that swallows packets must not use up the time of the others.
        let per_server = self.connect_timeout / u32::try_from(servers).unwrap_or(u32::MAX);
        let events = Arc::new(ClientEvents::new(denials.clone()));
        ConnectOptions::new()
            .name(name)
            .connection_timeout(per_server.max(Duration::from_secs(1)))
            .ping_interval(PING_EVERY)
            .request_timeout(Some(REQUEST_LIMIT))
            .subscription_capacity(SUBSCRIPTION_MESSAGES)
            .max_reconnects(None)
            .reconnect_delay_callback(reconnect::delay)
            .event_callback(move |event| {
                let events = events.clone();
                async move { events.log(&event) }
            })
    }

    fn servers(&self, context: &Context) -> Result<Servers, ConnectError> {
        match (&self.server, context.url.as_str()) {
            (Some(servers), _) => Ok(servers.clone()),
            (None, "") => Ok(DEFAULT_SERVER.parse()?),
            (None, url) => Ok(url.parse()?),
        }
    }

    /// One way only: options, then what an address carries, then the context.
    async fn credentials(&self, context: &Context, servers: &Servers) -> Result<Credentials, ConnectError> {
        if let (Some(user), Some(password)) = (&self.user, &self.password) {
            return Ok(Credentials::UserAndPassword(user.clone(), password.clone()));
        }
        if let Some(token) = &self.token {
            return Ok(Credentials::Token(token.clone()));
        }
        if let Some(file) = &self.nkey {
            return Credentials::from_nkey_file(file).await;
        }
        if let Some(file) = &self.creds {
            return Credentials::from_creds_file(file).await;
        }
        if let Some(login) = servers.login() {
            return Ok(login.into());
        }
        if !context.user.is_empty() {
            return Ok(Credentials::UserAndPassword(context.user.clone(), context.password.clone().into()));
        }
        if !context.creds.is_empty() {
            return Credentials::from_creds_file(&expand_home(&context.creds)).await;
        }
        if !context.nkey.is_empty() {
            return Credentials::from_nkey_file(&expand_home(&context.nkey)).await;
        }
        if !context.token.is_empty() {
            return Ok(Credentials::Token(context.token.clone().into()));
        }
        Ok(Credentials::None)
    }

    fn tls(&self, context: &Context) -> Tls {
        let from_context = |path: &str| (!path.is_empty()).then(|| expand_home(path));
        let own = self.tls_cert.clone().zip(self.tls_key.clone());
        Tls {
            ca: self.tls_ca.clone().or_else(|| from_context(&context.ca)),
            identity: own.or_else(|| from_context(&context.cert).zip(from_context(&context.key))),
            first: context.tls_first,
        }
    }
}

/// Compose files and shells pass on variables that have no value; an empty one means that the option isn't given.
fn unless_empty(variable: &'static str) -> Option<&'static str> {
    std::env::var_os(variable).is_none_or(|value| !value.is_empty()).then_some(variable)
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .filter(|time| !time.is_zero() && *time <= Duration::from_secs(24 * 60 * 60))
        .ok_or_else(|| "give a number of seconds above 0 and up to a day, such as 5 or 0.5".to_owned())
}
