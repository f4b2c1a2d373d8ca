use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use crate::gate_error::ReadError;
use crate::manifest::read_toml;

/// What the gate needs of a `Cargo.lock`: it names what each package depends on, however that is written in
/// manifests.
#[derive(Debug, Deserialize)]
pub(crate) struct Lock {
    #[serde(default)]
    package: Vec<Locked>,
}

#[derive(Debug, Deserialize)]
struct Locked {
    name: String,
    source: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl Lock {
    pub(crate) fn read(path: &Path) -> Result<Self, ReadError> {
        read_toml(path)
    }

    /// The packages of this repository that depend on `package` directly.
    pub(crate) fn dependents(&self, package: &str) -> BTreeSet<&str> {
        // A dependency is `name`, or `name version` if there are several versions.
        let is_it = |dependency: &String| dependency.split(' ').next() == Some(package);
        let own = self.package.iter().filter(|locked| locked.source.is_none());
        own.filter(|locked| locked.dependencies.iter().any(is_it)).map(|locked| &*locked.name).collect()
    }
}
