use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::config::Host;
use tokio_postgres::tls::{MakeTlsConnect, NoTls, TlsConnect};
use tokio_postgres::{Config, Socket};

use super::connector::Connector;
use super::unshown::Unshown;

/// Which database the state is kept in, and how patient its store is. `Debug` shows no password.
///
/// # Example
///
/// ```
/// use headwater_subscriber::PostgresConfig;
///
/// let config: PostgresConfig = "postgresql://board:s3cret@db.example.org/read_models".parse()?;
/// assert_eq!(config.database(), "the database read_models on db.example.org:5432");
/// assert!(!format!("{config:?}").contains("s3cret"));
/// # Ok::<(), headwater_subscriber::PostgresAddressError>(())
/// ```
#[derive(Clone)]
pub struct PostgresConfig {
    pub(super) config: Config,
    pub(super) connector: Connector,
    pub(super) patience: Duration,
    pub(super) answer_limit: Duration,
    pub(in crate::store) snapshots_max: usize,
    pub(super) snapshot_age_max: Duration,
    pub(super) unshown: Unshown,
}

impl PostgresConfig {
    /// The database behind `config`, without TLS.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self {
            config,
            connector: Connector::new(NoTls),
            patience: Duration::from_secs(30),
            answer_limit: Duration::from_secs(30),
            snapshots_max: 16,
            snapshot_age_max: Duration::from_secs(300),
            unshown: Unshown::default(),
        }
    }

    /// The same with TLS.
    #[must_use]
    pub fn with_tls<T>(self, tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        Self { connector: Connector::new(tls), ..self }
    }

    /// How long a read or a commit waits for a database that is away; 30 seconds by default.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// How long the database may take to connect or for a statement; 30 seconds by default. A transaction of a dead
    /// connection is over as soon.
    #[must_use]
    pub fn answer_limit(self, answer_limit: Duration) -> Self {
        Self { answer_limit: answer_limit.max(Duration::from_millis(1)), ..self }
    }

    /// How many snapshots may be open at once, each on a connection; 16 by default. The projection has connections of
    /// its own beside these, and what is asked over HTTP leaves two of these to operators.
    #[must_use]
    pub fn snapshots_max(self, snapshots_max: usize) -> Self {
        Self { snapshots_max: snapshots_max.max(1), ..self }
    }

    /// How long a snapshot can be read, for the database keeps what is overwritten meanwhile; five minutes by default.
    #[must_use]
    pub fn snapshot_age_max(self, snapshot_age_max: Duration) -> Self {
        Self { snapshot_age_max: snapshot_age_max.max(Duration::from_millis(1)), ..self }
    }

    pub(crate) fn has_password(&self) -> bool {
        self.config.get_password().is_some()
    }

    /// The database's name and hosts: all of it that is no secret.
    #[must_use]
    pub fn database(&self) -> String {
        let name = self.config.get_dbname().or(self.config.get_user()).unwrap_or("postgres");
        let ports = self.config.get_ports();
        let port = |index: usize| ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        let addresses = self.config.get_hostaddrs().iter().map(ToString::to_string);
        let hosts = self.config.get_hosts().iter().map(|host| match host {
            Host::Tcp(host) => host.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        });
        let mut hosts: Vec<String> = hosts.collect();
        if hosts.is_empty() {
            hosts = addresses.collect();
        }
        let hosts = hosts.iter().enumerate().map(|(index, host)| format!("{host}:{}", port(index)));
        format!("the database {name} on {}", hosts.collect::<Vec<_>>().join(", "))
    }
}

impl FromStr for PostgresConfig {
    type Err = PostgresAddressError;

    /// Reads an address, `postgresql://user@host:5432/database`, or `host=... user=...`.
    fn from_str(address: &str) -> Result<Self, PostgresAddressError> {
        let config: Config = address.parse().map_err(|_| PostgresAddressError)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(PostgresAddressError);
        }
        Ok(Self::new(config))
    }
}

impl fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresConfig")
            .field("database", &self.database())
            .field("user", &self.config.get_user())
            .field("patience", &self.patience)
            .field("answer_limit", &self.answer_limit)
            .field("snapshots_max", &self.snapshots_max)
            .field("snapshot_age_max", &self.snapshot_age_max)
            .finish_non_exhaustive()
    }
}

/// A text that is no address of a database. It isn't repeated: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this is no address of a PostgreSQL database; write for example postgresql://user@127.0.0.1:5432/database, \
     with special characters of a password as %XX"
)]
pub struct PostgresAddressError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_an_address_nor_its_error_shows_the_password() {
        for address in
            ["postgresql://ada:s3cret@db/board", "host=db user=ada password=s3cret dbname=board port=5432"]
        {
            let config: PostgresConfig = address.parse().unwrap();
            assert_eq!(config.database(), "the database board on db:5432");
            assert!(!format!("{config:?}").contains("s3cret"), "{config:?}");
        }
        for address in
            ["postgresql://ada:s3cret@db?s3cret=1", "s3cret", "postgresql://ada:s3cret@db:port/x", ""]
        {
            let error = address.parse::<PostgresConfig>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3c"), "{error}");
            assert!(error.to_string().contains("postgresql://user@127.0.0.1:5432/database"));
        }
    }

    #[test]
    fn all_hosts_of_an_address_are_named() {
        let config: PostgresConfig = "postgresql://ada@one,two:6000/board".parse().unwrap();
        assert_eq!(config.database(), "the database board on one:5432, two:6000");
    }
}
