use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cargo_metadata::MetadataCommand;
use headwater_schema_gate::Checked;

use super::NewError;
use super::crate_name::CrateName;
use super::known_event::KnownEvent;
use super::root_manifest::RootManifest;
use crate::schema::{Project, SchemaError};

/// The workspace and its system, into which something new has to fit.
#[derive(Debug)]
pub(super) struct Site {
    /// The workspace's folder.
    pub(super) root: PathBuf,
    /// The package of the gate.
    pub(super) gate: String,
    /// The contracts and the types, as the gate sees them.
    pub(super) checked: Checked,
    /// The workspace's manifest.
    pub(super) manifest: RootManifest,
    /// The folders of the workspace's packages, below the root.
    packages: BTreeMap<String, PathBuf>,
}

impl Site {
    /// Asks cargo and the gate what there is.
    pub(super) fn of(project: &Project) -> Result<Self, SchemaError> {
        let told = project.ask()?;
        let checked = told.check()?;
        let root = told.setup.root;
        let metadata = MetadataCommand::new().manifest_path(root.join("Cargo.toml")).no_deps().exec()?;
        let folder = |manifest: &Path| {
            let folder = manifest.parent().unwrap_or(manifest);
            folder.strip_prefix(&root).unwrap_or(folder).to_owned()
        };
        let packages = metadata.packages.iter();
        let packages = packages
            .map(|package| (package.name.to_string(), folder(package.manifest_path.as_std_path())))
            .collect();
        let manifest = RootManifest::read(&root)?;
        Ok(Self { gate: told.setup.gate, checked, manifest, packages, root })
    }

    /// A name that nothing has yet.
    pub(super) fn free(&self, name: &str, folder: &Path) -> Result<CrateName, NewError> {
        let taken = |what: String| Err(NewError::Taken { what });
        let name: CrateName =
            name.parse().map_err(|source| NewError::Name { name: name.to_owned(), source })?;
        if self.packages.contains_key(name.as_str()) {
            return taken(format!("a crate {name} in this workspace"));
        }
        let imported = self.checked.system.imported.iter();
        let mut others =
            imported.flat_map(|bundle| bundle.contracts.iter().map(move |contract| (bundle, contract)));
        if let Some((bundle, _)) = others.find(|(_, contract)| contract.service.name.value == name.as_str()) {
            return taken(format!("a service {name} in {}", bundle.repository));
        }
        if self.manifest.dependency(name.as_str()).is_some() {
            return taken(format!("a dependency {name} of this workspace"));
        }
        let folder = folder.join(name.as_str());
        if self.root.join(&folder).exists() {
            return taken(folder.display().to_string());
        }
        Ok(name)
    }

    /// The package's folder below the root, if it is in this workspace.
    pub(super) fn folder(&self, package: &str) -> Option<&Path> {
        self.packages.get(package).map(PathBuf::as_path)
    }

    /// The package that code calls `krate`.
    pub(super) fn package(&self, krate: &str) -> String {
        let mut own = self.packages.keys();
        match own.find(|package| package.replace('-', "_") == krate) {
            Some(package) => package.clone(),
            None => self.manifest.package(krate),
        }
    }

    /// The types of all versions of events that are known here, in order.
    pub(super) fn types(&self) -> &[headwater_schema::TypeSchemas] {
        self.checked.system.events.as_deref().unwrap_or_default()
    }

    /// Refuses a name whose type would be called as an event's that it uses.
    pub(super) fn distinct(
        name: &CrateName,
        type_names: &[String],
        events: &[KnownEvent],
    ) -> Result<(), NewError> {
        let same = events.iter().find(|event| type_names.contains(&event.type_name));
        same.map_or(Ok(()), |event| {
            Err(NewError::TypeName {
                name: name.to_string(),
                type_name: event.type_name.clone(),
                event: event.event.clone().into(),
            })
        })
    }
}
