use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use super::directory::{Contents, beside, contents, divided, lock};
use super::fjall::FjallStore;
use super::sled::SledStore;
use crate::parts::Parts;
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
    /// [`StoreError::OtherKind`], [`StoreError::Elsewhere`] and [`StoreError::Foreign`] when something else has written there, and
    /// [`StoreError::InUse`] when another process has it open.
    pub fn open(self, directory: &Path) -> Result<Arc<dyn Store>, StoreError> {
        match contents(directory)? {
            Contents::Store(found) if found != self => Err(StoreError::OtherKind {
                directory: directory.to_owned(),
                found,
                wanted: self.to_string(),
            }),
            Contents::Elsewhere(place) => {
                Err(StoreError::Elsewhere { directory: directory.to_owned(), place })
            }
            Contents::Foreign { entry } => Err(StoreError::Foreign { place: directory.into(), entry }),
            Contents::Divided(_) => Err(divided(directory)),
            Contents::Store(_) => self.open_patiently(directory),
            Contents::Nothing => {
                self.create(directory)?;
                self.open_patiently(directory)
            }
        }
    }

    /// Whether there is a store in `directory`, of whichever kind.
    pub(crate) fn holds(directory: &Path) -> Result<bool, StoreError> {
        Ok(matches!(contents(directory)?, Contents::Store(_) | Contents::Elsewhere(_) | Contents::Divided(_)))
    }

    /// Opens the store that is in `directory`, or those of the partitions that are there, of whichever kind, at once or not at all.
    pub(crate) fn open_existing(directory: &Path) -> Result<Parts, StoreError> {
        match contents(directory)? {
            Contents::Store(kind) => Ok(kind.open_now(directory)?.into()),
            Contents::Elsewhere(place) => {
                Err(StoreError::Elsewhere { directory: directory.to_owned(), place })
            }
            Contents::Divided(partitioning) => {
                let mut parts = Parts::default();
                for partition in partitioning.all() {
                    let part = partition.directory(directory);
                    if let Contents::Store(kind) = contents(&part)? {
                        parts.insert(partition.index(), kind.open_now(&part)?);
                    }
                }
                Ok(parts)
            }
            Contents::Nothing | Contents::Foreign { .. } => {
                Err(StoreError::Missing { directory: directory.to_owned() })
            }
        }
    }

    /// Creates the store under another name: one whose creation was cut short can't be opened.
    fn create(self, directory: &Path) -> Result<(), StoreError> {
        let new = beside(directory, ".new");
        let failed =
            |source| StoreError::Directory { directory: directory.to_owned(), source: Box::new(source) };
        let _lock = lock(directory).map_err(failed)?;
        if contents(directory)? != Contents::Nothing {
            return Ok(());
        }
        remove(&new).map_err(failed)?;
        self.open_now(&new)?.flush()?;
        // Of what was there, nothing could be lost.
        remove(directory).map_err(failed)?;
        fs::rename(&new, directory).map_err(failed)
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

pub(super) fn remove(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
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
