use std::error::Error;
use std::io;
use std::time::Duration;

use tokio::time::timeout;

use super::PostgresStoreError;
use crate::{StoreError, StorePlace};

/// Why something couldn't be done in a session.
#[derive(Debug)]
pub(super) enum Failure {
    /// Another session may do better.
    Lost(Cause),
    /// The database's answer would always be the same.
    Refused(tokio_postgres::Error),
    /// It is known to be hopeless for another reason.
    Fatal(StoreError),
}

pub(super) type Cause = Box<dyn Error + Send + Sync>;

impl Failure {
    /// What the store's caller is told when it isn't tried again, after it was tried for so long.
    pub(super) fn into_error(self, place: &StorePlace, waited: Duration) -> StoreError {
        let place = place.clone();
        match self {
            Self::Lost(source) => PostgresStoreError::Unreachable { place, waited, source }.into(),
            Self::Refused(source) => PostgresStoreError::Refused { place, source }.into(),
            Self::Fatal(error) => error,
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        if is_passing(&error) { Self::Lost(Box::new(error)) } else { Self::Refused(error) }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Fatal(error)
    }
}

impl From<PostgresStoreError> for Failure {
    fn from(error: PostgresStoreError) -> Self {
        Self::Fatal(error.into())
    }
}

/// Begins of the codes of what passes: a lost connection, no room, a restart, a deadlock, a lock that wasn't free, a
/// transaction that was ended, a standby that is about to be promoted, and trouble with a disk.
const PASSING: [&str; 8] = ["08", "53", "57", "40", "55P03", "25P", "25006", "58"];

fn is_passing(error: &tokio_postgres::Error) -> bool {
    if let Some(code) = error.code() {
        return PASSING.iter().any(|begin| code.code().starts_with(begin));
    }
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<io::Error>() {
            return true;
        }
        cause = error.source();
    }
    // Without a cause of its own it is the end of the connection, or a time limit; with one, it is a wrong password's
    // lack or a type's fault.
    error.is_closed() || error.source().is_none()
}

/// Every wait for the database has an end.
pub(super) async fn within<T, E: Into<Failure>>(
    limit: Duration,
    answer: impl Future<Output = Result<T, E>>,
) -> Result<T, Failure> {
    match timeout(limit, answer).await {
        Ok(answer) => answer.map_err(Into::into),
        Err(_) => Err(Failure::Lost(format!("the database gave no answer within {limit:?}").into())),
    }
}
