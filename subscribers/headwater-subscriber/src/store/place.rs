use std::fmt;
use std::path::{Path, PathBuf};

/// Where a store keeps its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorePlace {
    /// In a directory of this machine.
    Directory(PathBuf),
    /// In a schema of a database.
    Schema {
        /// The schema's name.
        schema: String,
        /// The database, without user and password.
        database: String,
    },
}

impl StorePlace {
    /// What it is called: there may be another one.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Directory(_) => "directory",
            Self::Schema { .. } => "schema",
        }
    }
}

impl fmt::Display for StorePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(directory) => directory.display().fmt(f),
            Self::Schema { schema, database } => write!(f, "the schema {schema:?} of {database}"),
        }
    }
}

impl From<&Path> for StorePlace {
    fn from(directory: &Path) -> Self {
        Self::Directory(directory.to_owned())
    }
}
