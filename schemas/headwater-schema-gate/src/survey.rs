use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use headwater_schema::{Code, Contract, Finding, Place, Snapshot, graph};

use crate::Setup;
use crate::gate_error::{ReadError, WorkspaceError};
use crate::lock::Lock;
use crate::workspace::Workspace;

/// The contracts of a workspace, and what is wrong with them one by one.
#[derive(Debug)]
pub struct Survey {
    /// All that could be read.
    pub contracts: Vec<Contract>,
    /// What is wrong with a contract, or with the crate that should have one.
    pub findings: Vec<Finding>,
    /// The files that were read. All of them exist.
    pub files: Vec<PathBuf>,
    /// Whether every contract could be read. If not, others would seem to lack what it says.
    pub is_whole: bool,
    /// The packages of the workspace, by their folders below its root.
    pub packages: BTreeMap<PathBuf, String>,
}

impl Survey {
    /// Reads the contract of every package of the workspace.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError`] when it isn't known what belongs to the workspace.
    pub fn of(setup: &Setup) -> Result<Self, WorkspaceError> {
        let Workspace { root, packages } = Workspace::read(setup.root.clone())?;
        let mut survey = Self {
            contracts: Vec::new(),
            findings: Vec::new(),
            files: vec![root.join("Cargo.toml")],
            is_whole: true,
            packages: BTreeMap::new(),
        };
        // A library's repository may have none; cargo writes one with the first build.
        let lock = root.join("Cargo.lock");
        let lock = match lock.is_file() {
            true => {
                survey.files.push(lock.clone());
                Some(Lock::read(&lock)?)
            }
            false => None,
        };
        let gated = lock.as_ref().map(|lock| lock.dependents(&setup.gate));
        for (folder, package) in &packages {
            survey.package(setup, folder, package, gated.as_ref())?;
        }
        survey.packages = packages;
        Ok(survey)
    }

    /// The events crates of which the gate knows nothing.
    pub(crate) fn unknown_events_crates(&self, setup: &Setup, snapshot: &Snapshot) -> Vec<Finding> {
        let known: BTreeSet<&str> =
            snapshot.events.iter().filter_map(|schemas| schemas.rust_type.split("::").next()).collect();
        let events_crates = self.packages.iter().filter(|(_, package)| package.ends_with("-events"));
        events_crates
            .filter(|(_, package)| !known.contains(package.replace('-', "_").as_str()))
            .map(|(folder, package)| unknown_to_gate(setup, folder, package))
            .collect()
    }

    fn package(
        &mut self,
        setup: &Setup,
        folder: &Path,
        package: &str,
        gated: Option<&BTreeSet<&str>>,
    ) -> Result<(), WorkspaceError> {
        let is_gated = gated.map(|gated| gated.contains(package) || package == setup.gate);
        let path = folder.join("contract.toml");
        let file = setup.root.join(&path);
        if !file.is_file() {
            if is_gated == Some(true) && package != setup.gate {
                self.findings.push(without_contract(setup, folder, package));
            }
            return Ok(());
        }
        self.files.push(file.clone());
        let text = fs::read_to_string(&file).map_err(|source| ReadError::Io { path: file, source })?;
        match Contract::parse(&path, text) {
            Ok(contract) => {
                self.findings.extend(graph::misnamed(&contract, package));
                if is_gated == Some(false) {
                    self.findings.push(without_gate(setup, folder, package, &contract));
                }
                self.contracts.push(contract);
            }
            Err(wrong) => {
                self.is_whole = false;
                self.findings.extend(wrong);
            }
        }
        Ok(())
    }
}

fn without_contract(setup: &Setup, folder: &Path, package: &str) -> Finding {
    let message = format!("{package} depends on {} and has no contract", setup.gate);
    Finding::new(Code::HW0108, message).at(Place::file(folder.join("Cargo.toml"))).help(format!(
        "write {}, beginning with\n[service]\nname = \"{package}\"\nowner = \"...\"",
        folder.join("contract.toml").display()
    ))
}

fn without_gate(setup: &Setup, folder: &Path, package: &str, contract: &Contract) -> Finding {
    let message = format!("{package} has a contract and doesn't depend on {}", setup.gate);
    Finding::new(Code::HW0109, message)
        .at(contract.place(contract.service.name.span.clone()))
        .note("its own build would succeed, whatever is wrong with its contract")
        .help(format!("add {} to the [dependencies] of {}", setup.gate, folder.join("Cargo.toml").display()))
}

fn unknown_to_gate(setup: &Setup, folder: &Path, package: &str) -> Finding {
    let gate = &setup.gate;
    Finding::new(Code::HW0110, format!("{gate} knows no event of {package}"))
        .at(Place::file(folder.join("Cargo.toml")))
        .note("its build.rs names no event of the crate, so none of them is checked")
        .help(format!(
            "add {package} to the [build-dependencies] of {gate}, and `.events::<...>()` with one of its events or \
             sets to its build.rs"
        ))
}
