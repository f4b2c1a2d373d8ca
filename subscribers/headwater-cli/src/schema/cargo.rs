use std::env;
use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _, stderr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use super::SchemaError;
use super::subprocess::output;

/// The library that makes a package a gate.
const GATE_LIBRARY: &str = "headwater-schema-gate";
const METADATA_LIMIT: Duration = Duration::from_secs(120);
/// A first build compiles every dependency of the events.
const CHECK_LIMIT: Duration = Duration::from_secs(30 * 60);

/// What cargo knows about the workspace.
#[derive(Debug)]
pub(super) struct Workspace {
    pub(super) root: PathBuf,
    /// Where cargo builds, the likelier one first.
    pub(super) target_dirs: Vec<PathBuf>,
    /// The packages whose build script is a gate.
    gates: Vec<String>,
}

impl Workspace {
    pub(super) fn read(manifest: Option<&Path>) -> Result<Self, SchemaError> {
        let metadata = metadata(manifest)?;
        let build_dir = metadata.build_directory.clone().map(PathBuf::from);
        Ok(Self {
            gates: gates(&metadata),
            root: metadata.workspace_root.into(),
            target_dirs: build_dir.into_iter().chain([metadata.target_directory.into()]).collect(),
        })
    }

    /// The gate's package: the one that was named, or the only one.
    pub(super) fn gate(&self, named: Option<&str>) -> Result<String, SchemaError> {
        let gates = self.gates.clone();
        match (named, gates.as_slice()) {
            (_, []) => Err(SchemaError::NoGate { root: self.root.clone() }),
            (Some(name), _) if gates.iter().any(|gate| gate == name) => Ok(name.to_owned()),
            (Some(name), _) => Err(SchemaError::UnknownGate { name: name.to_owned(), gates }),
            (None, [only]) => Ok(only.clone()),
            (None, _) => Err(SchemaError::SeveralGates { gates }),
        }
    }

    /// Builds the gate as far as that goes, which runs its check if anything has changed.
    pub(super) fn check(&self, gate: &str) -> Result<Output, SchemaError> {
        let progress = format!("checking the gate with `cargo check -p {gate}`...");
        let is_terminal = stderr().is_terminal();
        if is_terminal {
            // A line that can't be written is no loss.
            let _ = write!(stderr(), "{progress}");
        }
        let checked = self.run(&["check", "--quiet", "--package", gate]);
        if is_terminal {
            let _ = write!(stderr(), "\r\x1b[K");
        }
        checked
    }

    /// Forgets the gate's check, so that the next one runs whether anything has changed or not.
    pub(super) fn forget(&self, gate: &str) -> Result<Output, SchemaError> {
        self.run(&["clean", "--quiet", "--package", gate])
    }

    fn run(&self, arguments: &[&str]) -> Result<Output, SchemaError> {
        let mut command = cargo();
        command.args(arguments).arg("--manifest-path").arg(self.root.join("Cargo.toml"));
        Ok(output(&mut command, CHECK_LIMIT)?)
    }
}

/// What cargo says about the packages of a workspace: the one above the current directory, if none is named.
pub(super) fn metadata(manifest: Option<&Path>) -> Result<Metadata, SchemaError> {
    let mut command = cargo();
    command.args(["metadata", "--format-version=1", "--no-deps"]);
    if let Some(manifest) = manifest {
        command.arg("--manifest-path").arg(manifest);
    }
    let Output { status, stdout, stderr } = output(&mut command, METADATA_LIMIT)?;
    if !status.success() {
        return Err(SchemaError::Metadata { stderr: text(&stderr) });
    }
    Ok(MetadataCommand::parse(text(&stdout))?)
}

fn gates(metadata: &Metadata) -> Vec<String> {
    let packages = metadata.packages.iter().filter(|package| {
        let mut dependencies = package.dependencies.iter();
        dependencies.any(|named| named.name == GATE_LIBRARY && named.kind == DependencyKind::Build)
    });
    packages.map(|package| package.name.to_string()).collect()
}

fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}
