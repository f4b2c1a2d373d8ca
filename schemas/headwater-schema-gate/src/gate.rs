use std::env;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use headwater_event::{EventSchema, EventSet, declared_events};
use headwater_schema::registry::Registry;
use headwater_schema::{Bundle, Finding, Severity, Snapshot, compat, render};

use crate::environment::{Mode, today, variables};
use crate::gate_error::GateError;
use crate::output::write_if_changed;
use crate::target_dir::target_dir;
use crate::types::type_schemas;
use crate::workspace::Workspace;
use crate::{Checked, Setup, Survey};

/// What cargo leaves in the root of a checkout of its own.
const FETCHED: &str = ".cargo-ok";

/// The check of a whole workspace, as its build script runs it.
#[derive(Debug, Default)]
#[must_use = "the gate checks nothing until it is run"]
pub struct Gate {
    schemas: Vec<EventSchema>,
    imports: Vec<String>,
    registry: Option<PathBuf>,
    repository: Option<String>,
}

impl Gate {
    /// A gate without events.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event, or a set of events, and every older version from which they are upcast.
    ///
    /// One event of a crate brings in all that the crate declares: an event that no set holds is found as well.
    pub fn events<E: EventSet>(mut self) -> Self {
        self.schemas.extend(E::schemas());
        self
    }

    /// Adds what another repository exports: its contracts and its registered schemas.
    pub fn import(mut self, bundle: impl Into<String>) -> Self {
        self.imports.push(bundle.into());
        self
    }

    /// Says where the registry is, below the workspace's folder; without this, `schemas/registry`.
    pub fn registry(mut self, directory: impl Into<PathBuf>) -> Self {
        self.registry = Some(directory.into());
        self
    }

    /// Says how this repository is called in those that import from it; without this, as its folder.
    pub fn repository(mut self, name: impl Into<String>) -> Self {
        self.repository = Some(name.into());
        self
    }

    /// Checks everything, and tells cargo what is wrong and when to check again.
    ///
    /// In a checkout that cargo has fetched for another workspace nothing is reported: a date that passes in a pinned
    /// repository's contracts must not stop the builds of those that have pinned it.
    pub fn run(self) {
        let lines = self.checked().unwrap_or_else(|error| failed(&error));
        // Without standard output there is no cargo that could be told.
        let _ = io::stdout().lock().write_all(lines.as_bytes());
    }

    fn checked(self) -> Result<String, GateError> {
        let mut lines: String =
            variables().iter().map(|name| format!("cargo::rerun-if-env-changed={name}\n")).collect();
        let mode = Mode::from_environment()?;
        let (setup, snapshot) = self.inputs()?;
        let out_dir = directory("OUT_DIR")?;
        let notes = target_dir(&out_dir, &text("TARGET")?)
            .ok_or(GateError::TargetDir { out_dir: out_dir.clone() })?;
        // First of all, so that `headwater schema` sees the types however wrong they are.
        keep(&notes.join("headwater"), &setup, &snapshot)?;
        let survey = Survey::of(&setup)?;
        for file in &survey.files {
            lines += &format!("cargo::rerun-if-changed={}\n", file.display());
        }
        // A path that doesn't exist would run the check with every build; the finding about it does so too.
        if setup.registry_dir().is_dir() {
            lines += &format!("cargo::rerun-if-changed={}\n", setup.registry_dir().display());
        }
        let command = command(&survey);
        let checked = setup.check(survey, &snapshot, today()?)?;
        export(&out_dir, &setup, &checked, &snapshot)?;
        let findings = if is_fetched(&setup) { Vec::new() } else { judged(checked.findings, mode) };
        Ok(lines + &render::cargo(&findings) + &more(&findings, command))
    }

    fn inputs(self) -> Result<(Setup, Snapshot), GateError> {
        let root = Workspace::root_of(&directory("CARGO_MANIFEST_DIR")?)?;
        let gate = text("CARGO_PKG_NAME")?;
        let folder = root.file_name().map(|name| name.to_string_lossy().into_owned());
        let setup = Setup {
            gate: gate.clone(),
            repository: self.repository.or(folder).unwrap_or_else(|| gate.clone()),
            registry: self.registry.unwrap_or_else(|| ["schemas", "registry"].iter().collect()),
            imports: self.imports,
            root: root.clone(),
        };
        let mut schemas = self.schemas;
        schemas.extend(declared_events(&schemas));
        Ok((setup, Snapshot { gate, root, events: type_schemas(schemas)? }))
    }
}

/// What `headwater schema` reads.
fn keep(notes: &Path, setup: &Setup, snapshot: &Snapshot) -> Result<(), GateError> {
    write_if_changed(&notes.join(Setup::file_name(&setup.gate)), &serde_json::to_vec(setup)?)?;
    write_if_changed(&notes.join(format!("{}.json", setup.gate)), &serde_json::to_vec(snapshot)?)
}

/// What other repositories import. It is there also without a registry, because an editor goes on without
/// one.
fn export(out_dir: &Path, setup: &Setup, checked: &Checked, snapshot: &Snapshot) -> Result<(), GateError> {
    let empty = Registry::empty(setup.registry.clone(), compat::Mode::BackwardTransitive, String::new());
    let registry = checked.registry.as_ref().unwrap_or(&empty);
    let bundle = Bundle::new(setup.repository.clone(), checked.contracts(), registry, snapshot)?;
    write_if_changed(&out_dir.join("headwater-bundle.json"), bundle.to_json()?.as_bytes())
}

/// Whether this repository is a dependency that cargo has fetched; it marks those so.
fn is_fetched(setup: &Setup) -> bool {
    setup.root.join(FETCHED).is_file()
}

fn judged(mut findings: Vec<Finding>, mode: Mode) -> Vec<Finding> {
    if mode == Mode::Warn {
        findings.iter_mut().for_each(|finding| finding.severity = Severity::Warning);
    }
    findings
}

/// How `headwater` is run where it isn't installed, but built.
fn command(survey: &Survey) -> &'static str {
    let is_built_here = survey.packages.values().any(|package| package == "headwater-cli");
    if is_built_here {
        "; here, `headwater` is `cargo run -p headwater-cli --`, and the same is in docs/errors/"
    } else {
        ""
    }
}

/// Where to read more, as rustc says it after its errors.
fn more(findings: &[Finding], command: &str) -> String {
    let Some(first) = findings.first() else { return String::new() };
    let directive = if findings.iter().any(Finding::is_error) { "error" } else { "warning" };
    format!("cargo::{directive}=for more about these, try `headwater explain {}`{command}\n", first.code)
}

/// The error and its causes, as a line that fails the build.
fn failed(error: &GateError) -> String {
    let mut line = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let text = error.to_string();
        line += &format!(": {}", text.trim_end().replace('\n', " "));
        cause = error.source();
    }
    format!("cargo::error={line}\n")
}

fn text(name: &'static str) -> Result<String, GateError> {
    env::var(name).map_err(|source| GateError::Variable { name, source })
}

fn directory(name: &'static str) -> Result<PathBuf, GateError> {
    text(name).map(PathBuf::from)
}
