use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use headwater_contract::{EventRef, Finding};

use super::canonical::with_digest;
use super::change::{Candidate, Change};
use super::layout::Location;
use super::settings::{DEFAULT_MODE, FILE, Settings};
use super::{Registry, Side, Staged};
use crate::{Snapshot, TypeSchemas};

/// What would be registered, and what can't be.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The registry's settings, if there is no registry yet.
    pub settings: Option<(PathBuf, String)>,
    /// What is new.
    pub registrations: Vec<Registration>,
    /// Changes that the registry's mode forbids. Nothing is registered while there are any.
    pub refusals: Vec<Finding>,
}

/// A revision that is to be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The version.
    pub event: EventRef,
    /// The number of its revision.
    pub revision: u32,
    /// Why there is one.
    pub kind: Kind,
    /// Both files, as they are to be shown, with their texts.
    pub files: Vec<(PathBuf, String)>,
}

/// Why something is registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The version is new.
    Version,
    /// The type has changed, compatibly.
    Compatible,
    /// Only its documentation, or the order of its fields, has changed.
    Wording,
}

/// Why nothing was registered.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The plan has refusals.
    #[error("nothing was registered: {count} of the types can't be")]
    Refused {
        /// How many.
        count: usize,
    },
    /// A file can't be written.
    #[error("nothing was registered: {} can't be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system reports.
        source: io::Error,
    },
}

impl Plan {
    /// Compares the types that `is_meant` with the registry.
    #[must_use]
    pub fn new(registry: &Registry, snapshot: &Snapshot, is_meant: impl Fn(&EventRef) -> bool) -> Self {
        let mut plan = Self { settings: None, registrations: Vec::new(), refusals: Vec::new() };
        let types: BTreeMap<&EventRef, &TypeSchemas> =
            snapshot.events.iter().map(|schemas| (&schemas.event, schemas)).collect();
        for schemas in types.into_values().filter(|schemas| is_meant(&schemas.event)) {
            plan.add(registry, schemas);
        }
        plan
    }

    /// Begins a registry in a directory that has none.
    #[must_use]
    pub fn beginning(directory: &Path, snapshot: &Snapshot, is_meant: impl Fn(&EventRef) -> bool) -> Self {
        let namespace = snapshot.events.iter().find_map(|schemas| {
            let EventRef { name, version } = &schemas.event;
            schemas.event_type.strip_suffix(&format!(".{name}.v{version}")).map(str::to_owned)
        });
        let namespace = namespace.unwrap_or_else(|| "org.example".to_owned());
        let registry = Registry::empty(directory.to_owned(), DEFAULT_MODE, namespace);
        let settings = Settings::text(registry.mode, &registry.namespace);
        Self { settings: Some((directory.join(FILE), settings)), ..Self::new(&registry, snapshot, is_meant) }
    }

    /// Whether everything is registered as it is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.settings.is_none() && self.registrations.is_empty() && self.refusals.is_empty()
    }

    /// Writes all files below `root`, or none of them.
    ///
    /// # Errors
    ///
    /// [`AcceptError`]; then nothing has changed.
    pub fn write(&self, root: &Path) -> Result<(), AcceptError> {
        if !self.refusals.is_empty() {
            return Err(AcceptError::Refused { count: self.refusals.len() });
        }
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| AcceptError::Write { path, source }
        };
        let mut staged = Vec::new();
        for (path, text) in self.files() {
            let file = Staged::write(&root.join(path), text.as_bytes()).map_err(failed(path))?;
            staged.push((path, file));
        }
        let mut placed: Vec<PathBuf> = Vec::new();
        for (path, file) in staged {
            if let Err(source) = file.place() {
                // What is removed here nobody has seen yet.
                placed.iter().for_each(|path| drop(std::fs::remove_file(path)));
                return Err(failed(path)(source));
            }
            placed.push(root.join(path));
        }
        Ok(())
    }

    fn files(&self) -> impl Iterator<Item = &(PathBuf, String)> {
        self.settings.iter().chain(self.registrations.iter().flat_map(|registration| &registration.files))
    }

    fn add(&mut self, registry: &Registry, schemas: &TypeSchemas) {
        if let Some(finding) = registry.foreign(schemas) {
            return self.refusals.push(finding);
        }
        let candidate = Candidate::new(schemas);
        let kind = match candidate.change(registry, registry.mode) {
            Change::None => return,
            Change::Incompatible(breaks) => return self.refusals.extend(breaks),
            Change::New => Kind::Version,
            Change::Compatible { .. } => Kind::Compatible,
            Change::Wording => Kind::Wording,
        };
        let revision = registry.newest(&schemas.event).map_or(0, |newest| newest.number + 1);
        let path = |side| {
            let location = Location { event: schemas.event.clone(), revision, side };
            registry.directory.join(location.path())
        };
        let files = vec![
            (path(Side::Serialize), with_digest(&candidate.serialize)),
            (path(Side::Deserialize), with_digest(&candidate.deserialize)),
        ];
        self.registrations.push(Registration { event: schemas.event.clone(), revision, kind, files });
    }
}
