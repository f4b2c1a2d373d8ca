use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use headwater_schema::Snapshot;
use headwater_schema::registry::{Loaded, Registry};
use headwater_schema_gate::{Checked, Setup, Survey, today};
use serde::de::DeserializeOwned;

use super::SchemaError;
use super::cargo::{Workspace, text};

/// Which workspace, and which of its gates.
#[derive(Debug, Args)]
pub(crate) struct Project {
    /// The package whose build script is the gate, if there are several
    #[arg(long, global = true, value_name = "PACKAGE")]
    gate: Option<String>,

    /// The Cargo.toml of the workspace, if it isn't above the current directory
    #[arg(long, global = true, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
}

/// What a gate has told about its types and its settings.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) setup: Setup,
    pub(crate) snapshot: Snapshot,
}

impl Project {
    /// Asks the gate what the types say now.
    pub(crate) fn ask(&self) -> Result<Told, SchemaError> {
        let workspace = Workspace::read(self.manifest_path.as_deref())?;
        let gate = workspace.gate(self.gate.as_deref())?;
        if let Some(told) = self.ask_once(&workspace, &gate)? {
            return Ok(told);
        }
        // Nothing has changed for cargo, and yet it is gone, or another workspace that builds into the same
        // directory has told something else.
        workspace.forget(&gate)?;
        let told = self.ask_once(&workspace, &gate)?;
        let path = workspace
            .target_dirs
            .first()
            .map(|target| notes(target).join(format!("{gate}.json")))
            .unwrap_or_default();
        told.ok_or(SchemaError::NoSnapshot { gate, path })
    }

    /// What the gate was told by its build script, if it was ever built. That costs no build.
    pub(super) fn registry(&self) -> Result<Registry, SchemaError> {
        let workspace = Workspace::read(self.manifest_path.as_deref())?;
        let setup = workspace.gate(self.gate.as_deref()).ok().and_then(|gate| {
            let setups =
                workspace.target_dirs.iter().map(|target| notes(target).join(Setup::file_name(&gate)));
            setups
                .filter_map(|path| read::<Setup>(&path).ok().flatten())
                .find(|setup| setup.root == workspace.root)
        });
        let directory = setup.map_or_else(|| PathBuf::from("schemas/registry"), |setup| setup.registry);
        match Registry::load(&workspace.root, &directory) {
            Ok(Loaded { registry, .. }) => Ok(registry),
            Err(finding) => Err(SchemaError::Registry(finding)),
        }
    }

    fn ask_once(&self, workspace: &Workspace, gate: &str) -> Result<Option<Told>, SchemaError> {
        let snapshots = workspace.target_dirs.iter().map(|target| notes(target).join(format!("{gate}.json")));
        let before: Vec<_> = snapshots.map(|path| (modified(&path), path)).collect();
        let checked = workspace.check(gate)?;
        for (target, (before, path)) in workspace.target_dirs.iter().zip(before) {
            // A gate that finds something fails the build, but not before it has told about the types. If it has not
            // come to that, what is there was told about other types.
            let is_fresh = checked.status.success() || modified(&path) != before;
            if !is_fresh {
                continue;
            }
            let (Some(snapshot), Some(setup)) =
                (read::<Snapshot>(&path)?, read::<Setup>(&notes(target).join(Setup::file_name(gate)))?)
            else {
                continue;
            };
            if snapshot.root == workspace.root {
                return Ok(Some(Told { setup, snapshot }));
            }
        }
        if checked.status.success() {
            return Ok(None);
        }
        Err(SchemaError::Compile { gate: gate.to_owned(), stderr: text(&checked.stderr) })
    }
}

impl Told {
    /// Everything that is wrong with the system, as the gate finds it.
    pub(crate) fn check(&self) -> Result<Checked, SchemaError> {
        let survey = Survey::of(&self.setup)?;
        Ok(self.setup.check(survey, &self.snapshot, today()?)?)
    }
}

/// Where a gate writes for this command.
fn notes(target: &Path) -> PathBuf {
    target.join("headwater")
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, SchemaError> {
    if !path.exists() {
        return Ok(None);
    }
    let bytes = fs::read(path).map_err(|source| SchemaError::File { path: path.to_owned(), source })?;
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|source| SchemaError::Snapshot { path: path.to_owned(), source })
}
