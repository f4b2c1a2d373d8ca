use std::collections::BTreeSet;
use std::path::PathBuf;

use headwater_schema::registry::{Loaded, Registry};
use headwater_schema::{BundleError, Contract, EventRef, Finding, Snapshot, TypeSchemas, graph};
use jiff::civil::Date;

use crate::import::Import;
use crate::{Setup, Survey};

/// What there is, and everything that is wrong with it.
#[derive(Debug)]
pub struct Checked {
    /// The registry, unless there is none that can be read.
    pub registry: Option<Registry>,
    /// The system that was checked, other repositories' contracts included.
    pub system: graph::System,
    /// Everything that is wrong, in the order in which people read it.
    pub findings: Vec<Finding>,
    /// Other repositories' registries.
    imported: Vec<Registry>,
}

impl Setup {
    /// Holds types against registries, and contracts against each other.
    ///
    /// # Errors
    ///
    /// [`BundleError`] when what another repository has told can't be read.
    pub fn check(&self, survey: Survey, snapshot: &Snapshot, today: Date) -> Result<Checked, BundleError> {
        let unknown = survey.unknown_events_crates(self, snapshot);
        let is_whole = survey.is_whole;
        let mut findings = survey.findings;
        if let (false, Some(first)) = (is_whole, findings.iter_mut().find(|finding| is_of_contract(finding)))
        {
            first
                .notes
                .push("contracts are compared with each other when all of them can be read".to_owned());
        }
        findings.extend(unknown);
        let mut imports = Vec::new();
        for json in &self.imports {
            imports.push(Import::read(json, &mut findings)?);
        }
        let registry = match Registry::load(&self.root, &self.registry) {
            Ok(Loaded { registry, findings: wrong }) => {
                findings.extend(wrong);
                Some(registry)
            }
            // Who only reads what others publish has nothing to register.
            Err(_) if has_nothing_to_register(snapshot, &imports) && !self.registry_dir().exists() => None,
            Err(finding) => {
                findings.push(*finding);
                None
            }
        };
        let mut checked = Checked {
            registry,
            system: system(survey.contracts, snapshot, &imports, today),
            findings,
            imported: imports.into_iter().map(|import| import.registry).collect(),
        };
        checked.drift(snapshot);
        // One that can't be read would make others seem to lack what it says.
        if is_whole {
            checked.findings.extend(graph::check(&checked.system));
        }
        checked.findings.sort_by(Finding::reading_order);
        Ok(checked)
    }

    /// Where the registry is.
    #[must_use]
    pub fn registry_dir(&self) -> PathBuf {
        self.root.join(&self.registry)
    }
}

impl Checked {
    /// This repository's contracts.
    #[must_use]
    pub fn contracts(&self) -> &[Contract] {
        &self.system.contracts
    }

    /// Whether something must not pass.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(Finding::is_error)
    }

    /// Whether an event is to be registered here: not when it belongs to another repository.
    #[must_use]
    pub fn is_own(&self, event: &EventRef) -> bool {
        !self.imported.iter().any(|registry| registry.has_event(&event.name))
    }

    fn drift(&mut self, snapshot: &Snapshot) {
        let (own, others): (Vec<_>, Vec<_>) =
            snapshot.events.iter().partition(|schemas| self.is_own(&schemas.event));
        if let Some(registry) = &self.registry {
            self.findings.extend(registry.drift(own));
        }
        for registry in &self.imported {
            self.findings.extend(others.iter().flat_map(|schemas| registry.misread_by(schemas)));
        }
    }
}

fn is_of_contract(finding: &Finding) -> bool {
    finding.code.id().starts_with("HW05")
}

fn has_nothing_to_register(snapshot: &Snapshot, imports: &[Import]) -> bool {
    let is_imported =
        |schemas: &TypeSchemas| imports.iter().any(|import| import.registry.has_event(&schemas.event.name));
    !imports.is_empty() && snapshot.events.iter().all(is_imported)
}

/// This repository's contracts and types, with what others have told. A type of theirs counts as this
/// repository has it, if it has.
fn system(contracts: Vec<Contract>, snapshot: &Snapshot, imports: &[Import], today: Date) -> graph::System {
    let own: BTreeSet<&EventRef> = snapshot.events.iter().map(|schemas| &schemas.event).collect();
    let theirs = imports.iter().flat_map(|import| &import.types);
    let events = snapshot.events.iter().chain(theirs.filter(|schemas| !own.contains(&schemas.event)));
    let events = events.cloned().collect();
    let imported = imports.iter().map(|import| import.graph.clone()).collect();
    graph::System { contracts, events: Some(events), imported, today }
}
