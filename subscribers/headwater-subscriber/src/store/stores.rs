use std::fmt;
use std::sync::Arc;

use super::directory::{Contents, contents, say_divided};
#[cfg(feature = "postgres")]
use super::directory::{divided, say_elsewhere};
use super::kind::remove;
#[cfg(feature = "postgres")]
use super::postgres::{PostgresConfig, PostgresStore};
use crate::partition::Partition;
use crate::parts::Parts;
use crate::{BuildId, Builds, Partitioning, Store, StoreError, StoreKind, StorePlace};

/// In which stores the builds of a projection are kept.
///
/// Which build is live stands in the projection's directory, whichever it is.
///
/// # Example
///
/// ```
/// use headwater_subscriber::{ProjectorOptions, StoreKind, StorePlace};
///
/// let options = ProjectorOptions { store: StoreKind::Fjall.into(), ..ProjectorOptions::default() };
/// assert_eq!(options.store.to_string(), "fjall");
/// ```
#[derive(Debug, Clone)]
pub enum Stores {
    /// Each in a directory of its own, below that of the projection.
    Directories(StoreKind),
    /// Each in a schema of its own. The schema with the projection's name shows the live one.
    #[cfg(feature = "postgres")]
    Postgres(Box<PostgresConfig>),
}

impl Stores {
    /// Where the store of a build is.
    pub(crate) fn place(&self, builds: &Builds, build: &BuildId) -> StorePlace {
        match self {
            Self::Directories(_) => builds.directory(build).as_path().into(),
            #[cfg(feature = "postgres")]
            Self::Postgres(config) => PostgresStore::place_of_build(config, builds.name(), build),
        }
    }

    /// Whether a state can be divided so in these stores.
    #[cfg_attr(
        not(feature = "postgres"),
        allow(unused_variables, reason = "a directory can hold any number")
    )]
    pub(crate) fn check_partitions(&self, partitioning: Partitioning) -> Result<(), StoreError> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(_) if partitioning != Partitioning::default() => Err(StoreError::Undivided {
                count: partitioning.count(),
                reason: "all of it is in one schema of the database, where SQL reads it; leave out --partitions",
            }),
            _ => Ok(()),
        }
    }

    /// How many snapshots those who read may have at once; `None` when any number will do.
    pub(crate) fn snapshots_max(&self) -> Option<usize> {
        match self {
            Self::Directories(_) => None,
            #[cfg(feature = "postgres")]
            Self::Postgres(config) => Some(config.snapshots_max),
        }
    }

    /// Opens the store of a partition of a build, and creates it if it isn't there. One that is in use is waited for, for a moment.
    pub(crate) fn open(
        &self,
        builds: &Builds,
        build: &BuildId,
        partition: Partition,
    ) -> Result<Arc<dyn Store>, StoreError> {
        let directory = builds.directory(build);
        match self {
            Self::Directories(kind) => {
                if partition.number().is_some() {
                    say_divided(&directory, partition.partitioning())?;
                }
                kind.open(&partition.directory(&directory))
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(config) => {
                self.check_partitions(partition.partitioning())?;
                match contents(&directory)? {
                    Contents::Store(found) => {
                        return Err(StoreError::OtherKind { directory, found, wanted: self.to_string() });
                    }
                    Contents::Foreign { entry } => {
                        return Err(StoreError::Foreign { place: directory.as_path().into(), entry });
                    }
                    Contents::Divided(_) => return Err(divided(&directory)),
                    Contents::Nothing | Contents::Elsewhere(_) => {}
                }
                let store = PostgresStore::connect_build(config, builds.name(), build)?;
                say_elsewhere(&directory, &self.place(builds, build))?;
                Ok(store)
            }
        }
    }

    /// Opens the store of a build that is there, or those of its partitions that are, at once or not at all.
    pub(crate) fn open_existing(&self, builds: &Builds, build: &BuildId) -> Result<Parts, StoreError> {
        let directory = builds.directory(build);
        match (contents(&directory)?, self) {
            #[cfg(feature = "postgres")]
            (Contents::Elsewhere(_), Self::Postgres(config)) => {
                let store = PostgresStore::connect_existing(config, builds.name(), build)?;
                store.map(Parts::from).ok_or(StoreError::Missing { directory })
            }
            _ => StoreKind::open_existing(&directory),
        }
    }

    /// Removes the store of a build, unless a process has it open; says whether it is gone.
    pub(crate) fn remove(&self, builds: &Builds, build: &BuildId) -> Result<bool, StoreError> {
        let directory = builds.directory(build);
        let found = contents(&directory)?;
        match (&found, self) {
            #[cfg(feature = "postgres")]
            (Contents::Elsewhere(_), Self::Postgres(config))
                if PostgresStore::remove_build(config, builds.name(), build)? => {}
            #[cfg(feature = "postgres")]
            (Contents::Elsewhere(_), Self::Postgres(_)) => return Ok(false),
            (Contents::Elsewhere(place), _) => {
                return Err(StoreError::Elsewhere { directory, place: place.clone() });
            }
            _ if matches!(StoreKind::open_existing(&directory), Err(StoreError::InUse { .. })) => {
                return Ok(false);
            }
            _ => {}
        }
        remove(&directory).map_err(|source| StoreError::Directory { directory, source: Box::new(source) })?;
        Ok(true)
    }

    /// The build that whoever shares the stores was shown last, if it is still there. It is asked for when the projection's
    /// directory is gone, or a new one.
    #[cfg_attr(not(feature = "postgres"), allow(unused_variables, reason = "nobody shares a directory"))]
    pub(crate) fn recall(&self, builds: &Builds, own: &BuildId) -> Result<Option<BuildId>, StoreError> {
        match self {
            Self::Directories(_) => Ok(None),
            #[cfg(feature = "postgres")]
            Self::Postgres(config) => {
                let shown = PostgresStore::shown_build(config, builds.name(), own)?;
                if let Some(build) = &shown {
                    say_elsewhere(&builds.directory(build), &self.place(builds, build))?;
                }
                Ok(shown)
            }
        }
    }

    /// Whether the live build has something that isn't shown yet to whoever shares the stores.
    #[cfg_attr(not(feature = "postgres"), allow(unused_variables, reason = "nobody shares a directory"))]
    pub(crate) fn has_unshown(&self, builds: &Builds) -> bool {
        match self {
            Self::Directories(_) => false,
            #[cfg(feature = "postgres")]
            Self::Postgres(config) => PostgresStore::has_unshown(config, builds.name()),
        }
    }

    /// Shows the live build where whoever shares the stores reads it; says whether it is shown. If it isn't, it may be
    /// another time.
    #[cfg_attr(not(feature = "postgres"), allow(unused_variables, reason = "nobody shares a directory"))]
    pub(crate) fn publish(&self, builds: &Builds) -> Result<bool, StoreError> {
        match self {
            Self::Directories(_) => Ok(true),
            #[cfg(feature = "postgres")]
            Self::Postgres(config) => PostgresStore::publish(config, builds),
        }
    }
}

impl Default for Stores {
    fn default() -> Self {
        StoreKind::default().into()
    }
}

impl From<StoreKind> for Stores {
    fn from(kind: StoreKind) -> Self {
        Self::Directories(kind)
    }
}

#[cfg(feature = "postgres")]
impl From<PostgresConfig> for Stores {
    fn from(config: PostgresConfig) -> Self {
        Self::Postgres(Box::new(config))
    }
}

/// As the option `--store` takes it.
impl fmt::Display for Stores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directories(kind) => kind.fmt(f),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => f.write_str("postgres"),
        }
    }
}
