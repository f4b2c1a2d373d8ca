use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::gate_error::ReadError;

/// What the gate needs of a `Cargo.toml`.
#[derive(Debug, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) package: Option<Package>,
    pub(crate) workspace: Option<Members>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Members {
    #[serde(default)]
    pub(crate) members: Vec<String>,
    #[serde(default)]
    pub(crate) exclude: Vec<String>,
}

impl Manifest {
    pub(crate) fn read(path: &Path) -> Result<Self, ReadError> {
        read_toml(path)
    }
}

/// Reads a file of cargo's.
pub(crate) fn read_toml<T: DeserializeOwned>(path: &Path) -> Result<T, ReadError> {
    let text = fs::read_to_string(path).map_err(|source| ReadError::Io { path: path.to_owned(), source })?;
    toml::from_str(&text)
        .map_err(|source| ReadError::Toml { path: path.to_owned(), source: Box::new(source) })
}
