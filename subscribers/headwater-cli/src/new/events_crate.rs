use std::fs;
use std::path::{Path, PathBuf};

use headwater_schema::{EventName, TypeSchemas};

use super::NewError;
use super::draft::Draft;
use super::event_source::{Key, key_of, with_module, with_re_export, with_variant};
use super::rust_source::formatted;
use super::site::Site;
use super::words::snake;

/// The crate with the events of a domain.
#[derive(Debug)]
pub(super) struct EventsCrate<'s> {
    site: &'s Site,
    /// Its folder, below the workspace's root.
    pub(super) folder: PathBuf,
    /// The types of the same aggregate, which lie side by side.
    siblings: Vec<&'s TypeSchemas>,
}

impl<'s> EventsCrate<'s> {
    /// The crate of this workspace in which the domain's events are, those of the same aggregate before others.
    pub(super) fn of(site: &'s Site, name: &EventName) -> Option<(String, Self)> {
        let of_domain: Vec<&TypeSchemas> =
            site.types().iter().filter(|schemas| schemas.event.name.domain() == name.domain()).collect();
        let is_sibling = |schemas: &&TypeSchemas| schemas.event.name.aggregate() == name.aggregate();
        let mut siblings: Vec<&TypeSchemas> = of_domain.iter().copied().filter(is_sibling).collect();
        let nearest = siblings.iter().chain(&of_domain).copied();
        let (package, folder) = nearest.map(krate).find_map(|krate| {
            let package = site.package(krate);
            site.folder(&package).map(|folder| (package.clone(), folder.to_owned()))
        })?;
        siblings.retain(|schemas| site.package(krate(schemas)) == package);
        Some((package, Self { site, folder, siblings }))
    }

    /// The newest of the aggregate's types.
    pub(super) fn sibling(&self) -> Option<&'s TypeSchemas> {
        self.siblings.last().copied()
    }

    /// What names the aggregate.
    pub(super) fn key(&self) -> Result<Option<Key>, NewError> {
        let Some(sibling) = self.sibling() else { return Ok(None) };
        let modules = modules(sibling);
        let path = self.module_file(&modules);
        let code = self.read(&path)?;
        key_of(&code, type_name(sibling)).map_err(|source| NewError::Code { path, source })
    }

    /// Adds a type to the modules in which its siblings are. Returns its file, and the set of events that got it.
    pub(super) fn add(
        &self,
        draft: &mut Draft,
        name: &EventName,
        type_name: &str,
        variant: &str,
        code: String,
    ) -> Result<(PathBuf, Option<String>), NewError> {
        let parent = match self.sibling().map(modules) {
            Some(mut modules) => {
                modules.pop();
                modules
            }
            None => Vec::new(),
        };
        let module = match parent.as_slice() {
            [] => snake(&format!("{}_{}", name.aggregate(), name.event()).replace('-', "_")),
            _ => snake(name.event()),
        };
        let file = parent
            .iter()
            .fold(self.folder.join("src"), |path, module| path.join(module))
            .join(format!("{module}.rs"));
        if self.site.root.join(&file).exists() {
            return Err(NewError::Exists { path: file });
        }
        draft.create(&file, formatted(code, &self.site.root));
        let declared_in = self.module_file(&parent);
        self.change(draft, declared_in, |code| with_module(code, &module, type_name))?;
        // Up to the root of the crate, where others find it.
        for depth in (0..parent.len()).rev() {
            let path = self.module_file(&parent[..depth]);
            self.change(draft, path, |code| with_re_export(code, parent[depth], type_name))?;
        }
        let set = self.extend_set(draft, variant, type_name)?;
        Ok((file, set))
    }

    fn extend_set(&self, draft: &mut Draft, variant: &str, new: &str) -> Result<Option<String>, NewError> {
        let siblings: Vec<String> =
            self.siblings.iter().map(|schemas| type_name(schemas).to_owned()).collect();
        for path in rust_files(&self.site.root, &self.folder.join("src"))? {
            let code = match draft.text(&path) {
                Some(code) => code.to_owned(),
                None => self.read(&path)?,
            };
            let extended = with_variant(&code, &siblings, variant, new)
                .map_err(|source| NewError::Code { path: path.clone(), source })?;
            if let Some((set, _)) = extended {
                self.change(draft, path, |code| {
                    Ok(with_variant(code, &siblings, variant, new)?
                        .map_or_else(|| code.to_owned(), |(_, code)| code))
                })?;
                return Ok(Some(set));
            }
        }
        Ok(None)
    }

    /// The file of a module: `flight/mod.rs`, `flight.rs`, or `lib.rs`.
    fn module_file(&self, modules: &[&str]) -> PathBuf {
        let src = self.folder.join("src");
        if modules.is_empty() {
            return src.join("lib.rs");
        }
        let folder = modules.iter().fold(src, |path, module| path.join(module));
        let in_folder = folder.join("mod.rs");
        if self.site.root.join(&in_folder).exists() { in_folder } else { folder.with_extension("rs") }
    }

    fn change(
        &self,
        draft: &mut Draft,
        path: PathBuf,
        change: impl FnOnce(&str) -> syn::Result<String>,
    ) -> Result<(), NewError> {
        let before = self.read(&path)?;
        let now = draft.text(&path).unwrap_or(&before).to_owned();
        let changed = change(&now).map_err(|source| NewError::Code { path: path.clone(), source })?;
        draft.change(path, before, formatted(changed, &self.site.root));
        Ok(())
    }

    fn read(&self, path: &Path) -> Result<String, NewError> {
        read(&self.site.root, path)
    }
}

/// Reads a file below the root.
pub(super) fn read(root: &Path, path: &Path) -> Result<String, NewError> {
    fs::read_to_string(root.join(path)).map_err(|source| NewError::File {
        path: path.to_owned(),
        verb: "read",
        source,
    })
}

fn krate(schemas: &TypeSchemas) -> &str {
    schemas.rust_type.split("::").next().unwrap_or_default()
}

fn type_name(schemas: &TypeSchemas) -> &str {
    schemas.rust_type.rsplit("::").next().unwrap_or_default()
}

/// The modules of a type, from the crate's root.
fn modules(schemas: &TypeSchemas) -> Vec<&str> {
    let mut parts: Vec<&str> = schemas.rust_type.split("::").skip(1).collect();
    parts.pop();
    parts
}

fn rust_files(root: &Path, folder: &Path) -> Result<Vec<PathBuf>, NewError> {
    let unreadable = |source| NewError::File { path: folder.to_owned(), verb: "read", source };
    let mut files = Vec::new();
    for entry in fs::read_dir(root.join(folder)).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = folder.join(entry.file_name());
        if entry.path().is_dir() {
            files.extend(rust_files(root, &path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
