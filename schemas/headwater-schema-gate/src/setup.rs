use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// What a gate was told by its build script. It is kept beside the snapshot, for `headwater schema`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// The gate's package.
    pub gate: String,
    /// The folder of the workspace.
    pub root: PathBuf,
    /// How the repository is called, for others.
    pub repository: String,
    /// The registry's directory, below the root.
    pub registry: PathBuf,
    /// The bundles of other repositories, as JSON.
    pub imports: Vec<String>,
}

impl Setup {
    /// The file's name, beside the snapshot.
    #[must_use]
    pub fn file_name(gate: &str) -> String {
        format!("{gate}.gate.json")
    }
}
