use clap::{Args, ValueEnum};

#[cfg(feature = "postgres")]
use crate::{PostgresAddressError, PostgresConfig};
use crate::{StoreKind, Stores};

/// The options that say in which stores a projection is kept.
// No `Debug`: an address may hold a password.
#[derive(Args)]
pub(crate) struct StoreArgs {
    /// The kind of store that the projection is kept in
    #[arg(long, value_enum, default_value_t, env = "HEADWATER_STORE")]
    store: StoreOption,

    /// The database of `--store postgres`, such as `postgresql://user@127.0.0.1:5432/database`; with a password, it is
    /// given as HEADWATER_POSTGRES_URL, which other users of this machine don't see
    #[cfg(feature = "postgres")]
    #[arg(long, value_name = "URL")]
    postgres_url: Option<String>,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum StoreOption {
    /// sled 0.34
    #[default]
    Sled,
    /// fjall 3
    Fjall,
    /// Tables of a PostgreSQL database, which other services read
    #[cfg(feature = "postgres")]
    Postgres,
}

/// Where the database is when the option doesn't say it.
#[cfg(feature = "postgres")]
const VARIABLE: &str = "HEADWATER_POSTGRES_URL";

impl StoreArgs {
    /// The stores that the options, and the environment, name.
    pub(crate) fn stores(&self) -> Result<Stores, StoreArgsError> {
        match self.store {
            StoreOption::Sled => Ok(StoreKind::Sled.into()),
            StoreOption::Fjall => Ok(StoreKind::Fjall.into()),
            #[cfg(feature = "postgres")]
            StoreOption::Postgres => {
                let variable = std::env::var(VARIABLE).ok().filter(|address| !address.is_empty());
                database(self.postgres_url.as_deref(), variable.as_deref()).map(Stores::from)
            }
        }
    }
}

/// The database that the option names, or else the variable.
#[cfg(feature = "postgres")]
fn database(option: Option<&str>, variable: Option<&str>) -> Result<PostgresConfig, StoreArgsError> {
    let read = |name, address: &str| {
        address.parse::<PostgresConfig>().map_err(|source| StoreArgsError::Address { name, source })
    };
    match (option, variable) {
        (Some(address), _) => {
            let config = read("--postgres-url", address)?;
            if config.has_password() { Err(StoreArgsError::Password) } else { Ok(config) }
        }
        (None, Some(address)) => read(VARIABLE, address),
        (None, None) => Err(StoreArgsError::NoDatabase),
    }
}

/// Why the options name no store.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreArgsError {
    /// No address is given.
    #[cfg(feature = "postgres")]
    #[error("--store postgres needs a database; name it with --postgres-url, or in HEADWATER_POSTGRES_URL")]
    NoDatabase,
    /// The address can't be read.
    #[cfg(feature = "postgres")]
    #[error("{name} names no database")]
    Address {
        /// Where it was given.
        name: &'static str,
        /// Why.
        source: PostgresAddressError,
    },
    /// Everybody who lists the processes would see it.
    #[cfg(feature = "postgres")]
    #[error(
        "--postgres-url has a password, which other users of this machine can see; \
         give the address as HEADWATER_POSTGRES_URL, and change the password"
    )]
    Password,
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use super::*;

    const ADDRESS: &str = "postgresql://ada@db/board";
    const WITH_PASSWORD: &str = "postgresql://ada:s3cret@other/board";

    #[test]
    fn a_password_is_taken_from_the_variable_only() {
        let error = database(Some(WITH_PASSWORD), None).unwrap_err();
        assert!(matches!(error, StoreArgsError::Password), "{error:?}");
        assert!(error.to_string().contains(VARIABLE) && !error.to_string().contains("s3cret"), "{error}");
        let config = database(None, Some(WITH_PASSWORD)).unwrap();
        assert_eq!(config.database(), "the database board on other:5432");
    }

    #[test]
    fn the_option_comes_before_the_variable_and_one_of_them_is_needed() {
        let config = database(Some(ADDRESS), Some(WITH_PASSWORD)).unwrap();
        assert_eq!(config.database(), "the database board on db:5432");
        let error = database(None, None).unwrap_err();
        assert!(matches!(error, StoreArgsError::NoDatabase), "{error:?}");
    }

    #[test]
    fn what_is_no_address_is_not_repeated() {
        for (option, variable, name) in
            [(Some("s3cret"), None, "--postgres-url"), (None, Some("s3cret"), VARIABLE)]
        {
            let error = database(option, variable).unwrap_err();
            assert!(error.to_string().starts_with(name), "{error}");
            assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
        }
    }
}
