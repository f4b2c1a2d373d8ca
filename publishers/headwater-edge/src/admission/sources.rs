use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use headwater_contract::{Contract, Finding, render};
use headwater_schema::registry::Registry;
use headwater_schema::{Bundle, BundleError};

/// Why a registry or a contract can't be loaded.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A file can't be read.
    #[error("{} can't be read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file isn't what it should be.
    #[error("{} has mistakes:\n{findings}", path.display())]
    Findings {
        /// The file, or the registry's directory.
        path: PathBuf,
        /// What is wrong, as a terminal shows it.
        findings: String,
    },
    /// A file is no bundle of contracts and schemas.
    #[error("{} is no bundle", path.display())]
    Bundle {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<BundleError>,
    },
}

/// Loads a registry: the directory with a `registry.toml`, or a bundle that `headwater schema export` has written.
///
/// # Errors
///
/// [`SourceError`], also when only some of it is damaged: what isn't as it was registered can't be relied on.
pub fn load_registry(path: &Path) -> Result<Registry, SourceError> {
    if !path.is_dir() {
        let bundle = |error| SourceError::Bundle { path: path.to_owned(), source: Box::new(error) };
        return Bundle::parse(&read(path)?).and_then(|parsed| parsed.registry()).map_err(bundle);
    }
    let loaded = Registry::load(Path::new(""), path).map_err(|finding| mistakes(path, &[*finding]))?;
    if loaded.findings.is_empty() { Ok(loaded.registry) } else { Err(mistakes(path, &loaded.findings)) }
}

/// Loads a service's `contract.toml`.
///
/// # Errors
///
/// [`SourceError`], with all that is wrong with it.
pub fn load_contract(path: &Path) -> Result<Contract, SourceError> {
    Contract::parse(path, read(path)?).map_err(|findings| mistakes(path, &findings))
}

fn read(path: &Path) -> Result<String, SourceError> {
    fs::read_to_string(path).map_err(|source| SourceError::Io { path: path.to_owned(), source })
}

fn mistakes(path: &Path, findings: &[Finding]) -> SourceError {
    let findings = render::terminal(findings, false).trim_end().to_owned();
    SourceError::Findings { path: path.to_owned(), findings }
}
