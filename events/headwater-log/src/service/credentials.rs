use std::path::{Path, PathBuf};

use async_nats::ConnectOptions;

use super::ConnectError;
use super::secret::Secret;
use super::servers::UrlLogin;

/// How a client says who it is: exactly one way, or none.
pub(super) enum Credentials {
    None,
    UserAndPassword(String, Secret),
    Token(Secret),
    Nkey { file: PathBuf, seed: Secret },
    File { file: PathBuf, content: Secret },
}

impl Credentials {
    /// From a file with a user's seed, alone or between the lines that the `nk` and `nsc` commands put around it.
    pub(super) async fn from_nkey_file(file: &Path) -> Result<Self, ConnectError> {
        let text = read(file).await?;
        let seed = text.lines().map(str::trim).find(|line| line.starts_with("SU"));
        let seed = seed.ok_or_else(|| ConnectError::bad_file(file, NO_SEED))?;
        Ok(Self::Nkey { file: file.to_owned(), seed: seed.to_owned().into() })
    }

    /// From a `.creds` file, which holds a user's JWT and seed.
    pub(super) async fn from_creds_file(file: &Path) -> Result<Self, ConnectError> {
        let content = read(file).await?.into();
        Ok(Self::File { file: file.to_owned(), content })
    }

    pub(super) fn apply(&self, options: ConnectOptions) -> Result<ConnectOptions, ConnectError> {
        Ok(match self {
            Self::None => options,
            Self::UserAndPassword(user, password) => {
                options.user_and_password(user.clone(), password.reveal().to_owned())
            }
            Self::Token(token) => options.token(token.reveal().to_owned()),
            Self::Nkey { seed, .. } => options.nkey(seed.reveal().to_owned()),
            Self::File { file, content } => options.credentials(content.reveal()).map_err(|error| {
                ConnectError::bad_file(file, &format!("it is no credentials file: {error}"))
            })?,
        })
    }

    /// The error for a seed that couldn't sign the server's challenge.
    pub(super) fn unusable(&self) -> Option<ConnectError> {
        match self {
            Self::Nkey { file, .. } | Self::File { file, .. } => Some(ConnectError::bad_file(file, NO_SEED)),
            Self::None | Self::UserAndPassword(..) | Self::Token(_) => None,
        }
    }

    /// What the server was shown, in words.
    pub(super) fn in_words(&self) -> String {
        match self {
            Self::None => "a client without credentials".to_owned(),
            Self::UserAndPassword(user, _) => format!("the user `{user}` with the password that was given"),
            Self::Token(_) => "the token that was given".to_owned(),
            Self::Nkey { file, .. } => format!("the nkey in {}", file.display()),
            Self::File { file, .. } => format!("the credentials in {}", file.display()),
        }
    }

    /// What to check when the server refuses them.
    pub(super) fn remedy(&self) -> &'static str {
        match self {
            Self::None => "give --user and --password, --token, --nkey or --creds",
            Self::UserAndPassword(..) => {
                "check --user and --password (NATS_USER, NATS_PASSWORD), or the context"
            }
            Self::Token(_) => "check --token (NATS_TOKEN), or the context",
            Self::Nkey { .. } => "check that the server knows this nkey's public key",
            Self::File { .. } => {
                "check that they are neither expired nor revoked, and that the server knows their account"
            }
        }
    }
}

impl From<&UrlLogin> for Credentials {
    fn from(login: &UrlLogin) -> Self {
        match login {
            UrlLogin::UserAndPassword(user, password) => {
                Self::UserAndPassword(user.clone(), password.clone())
            }
            UrlLogin::Token(token) => Self::Token(token.clone()),
        }
    }
}

const NO_SEED: &str = "it holds no valid seed of a user, which is a line that starts with SU";

async fn read(file: &Path) -> Result<String, ConnectError> {
    tokio::fs::read_to_string(file).await.map_err(|error| ConnectError::unreadable(file, &error))
}
