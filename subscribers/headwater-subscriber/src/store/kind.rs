use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use super::directory::{Contents, contents};
use super::fjall::FjallStore;
use super::sled::SledStore;
use crate::{Store, StoreError};

/// The stores that a projection can be kept in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum StoreKind {
    /// sled 0.34
    #[default]
    Sled,
    /// fjall 3
    Fjall,
}

/// How long a store that is in use is waited for: its last process may be about to end, and an operator's
/// query has it open for a moment.
const IN_USE_LIMIT: Duration = Duration::from_secs(2);
const IN_USE_PAUSE: Duration = Duration::from_millis(50);

impl StoreKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Sled, Self::Fjall];

    /// Opens the store in `directory`, and creates it if nothing is there. A store that is in use is waited
    /// for, for a moment.
    ///
    /// # Errors
    ///
    /// [`StoreError::OtherKind`] and [`StoreError::Foreign`] when something else has written there, and
    /// [`StoreError::InUse`] when another process has it open.
    pub fn open(self, directory: &Path) -> Result<Arc<dyn Store>, StoreError> {
        match contents(directory)? {
            Contents::Store(found) if found != self => {
                Err(StoreError::OtherKind { directory: directory.to_owned(), found, wanted: self })
            }
            Contents::Foreign { entry } => {
                Err(StoreError::Foreign { directory: directory.to_owned(), entry })
            }
            Contents::Store(_) | Contents::Nothing => self.open_patiently(directory),
        }
    }

    /// Opens the store that is in `directory`, of whichever kind it is, at once or not at all.
    pub(crate) fn open_existing(directory: &Path) -> Result<Arc<dyn Store>, StoreError> {
        match contents(directory)? {
            Contents::Store(kind) => kind.open_now(directory),
            Contents::Nothing | Contents::Foreign { .. } => {
                Err(StoreError::Missing { directory: directory.to_owned() })
            }
        }
    }

    fn open_patiently(self, directory: &Path) -> Result<Arc<dyn Store>, StoreError> {
        let begun = Instant::now();
        loop {
            match self.open_now(directory) {
                Err(StoreError::InUse { .. }) if begun.elapsed() < IN_USE_LIMIT => {
                    std::thread::sleep(IN_USE_PAUSE)
                }
                result => return result,
            }
        }
    }

    fn open_now(self, directory: &Path) -> Result<Arc<dyn Store>, StoreError> {
        Ok(match self {
            Self::Sled => Arc::new(SledStore::open(directory)?),
            Self::Fjall => Arc::new(FjallStore::open(directory)?),
        })
    }
}

/// As the option `--store` takes it.
impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sled => "sled",
            Self::Fjall => "fjall",
        })
    }
}
