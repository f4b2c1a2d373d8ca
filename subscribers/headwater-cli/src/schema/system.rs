use std::io::{self, Write as _};

use cargo_metadata::Metadata;
use headwater_schema::{About, Contract, Finding, TypeSchemas, render};

use super::cargo::metadata;
use super::{Project, SchemaError};

/// Contracts and types that fit together, and what cargo knows about them.
pub(super) struct System {
    pub(super) contracts: Vec<Contract>,
    pub(super) events: Vec<TypeSchemas>,
    repository: String,
    gate: String,
    metadata: Metadata,
}

impl System {
    /// Asks the gate. What doesn't fit together is shown on standard error, and then there is nothing.
    pub(super) fn of(project: &Project) -> Result<Option<Self>, SchemaError> {
        let told = project.ask()?;
        let checked = told.check()?;
        let errors: Vec<Finding> =
            checked.findings.iter().filter(|finding| finding.is_error()).cloned().collect();
        if !errors.is_empty() {
            write!(io::stderr(), "{}", render::terminal(&errors, false))?;
            return Ok(None);
        }
        let manifest = told.setup.root.join("Cargo.toml");
        Ok(Some(Self {
            contracts: checked.contracts().to_vec(),
            events: told.snapshot.events,
            repository: told.setup.repository,
            gate: told.setup.gate,
            metadata: metadata(Some(&manifest))?,
        }))
    }

    /// The version of a package of the workspace.
    pub(super) fn version(&self, package: &str) -> String {
        let found = self.metadata.packages.iter().find(|found| found.name.as_str() == package);
        found.map(|found| found.version.to_string()).unwrap_or_else(|| "0.0.0".to_owned())
    }

    /// What the exports say about the system: what the gate's package says about itself.
    pub(super) fn about(&self, title: Option<&str>, server: &str) -> About {
        let gate = self.metadata.packages.iter().find(|found| found.name.as_str() == self.gate);
        let title = title.unwrap_or(&self.repository).to_owned();
        About {
            description: format!("The events of {title}, and the services that publish and read them."),
            title,
            version: self.version(&self.gate),
            url: gate.and_then(|gate| gate.repository.clone()),
            license: gate.and_then(|gate| gate.license.clone()),
            server: server.to_owned(),
        }
    }
}
