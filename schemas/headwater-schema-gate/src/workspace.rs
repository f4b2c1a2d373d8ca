use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::gate_error::{ReadError, WorkspaceError};
use crate::manifest::{Manifest, Members};

/// The packages of a repository.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Its folder.
    pub(crate) root: PathBuf,
    /// The names of its packages, by their folders below the root.
    pub(crate) packages: BTreeMap<PathBuf, String>,
}

impl Workspace {
    /// The workspace to which the package in `directory` belongs, or that package alone.
    pub(crate) fn root_of(directory: &Path) -> Result<PathBuf, WorkspaceError> {
        let mut nearest = None;
        for above in directory.ancestors().filter(|above| above.join("Cargo.toml").is_file()) {
            if Manifest::read(&above.join("Cargo.toml"))?.workspace.is_some() {
                return Ok(above.to_owned());
            }
            nearest = nearest.or(Some(above));
        }
        let nearest = nearest.map(Path::to_owned);
        nearest.ok_or_else(|| WorkspaceError::NoManifest { directory: directory.to_owned() })
    }

    /// Reads the manifests of all members.
    pub(crate) fn read(root: PathBuf) -> Result<Self, WorkspaceError> {
        let path = root.join("Cargo.toml");
        let manifest = Manifest::read(&path)?;
        let mut packages = BTreeMap::new();
        if let Some(package) = manifest.package {
            packages.insert(PathBuf::new(), package.name);
        }
        let Members { members, exclude } =
            manifest.workspace.unwrap_or(Members { members: Vec::new(), exclude: Vec::new() });
        for pattern in members {
            for folder in folders(&root, &path, pattern)? {
                let below = folder.strip_prefix(&root).unwrap_or(&folder).to_owned();
                if exclude.iter().any(|excluded| below.starts_with(excluded)) {
                    continue;
                }
                if let Some(package) = Manifest::read(&folder.join("Cargo.toml"))?.package {
                    packages.insert(below, package.name);
                }
            }
        }
        Ok(Self { root, packages })
    }
}

/// The folders with a package that a pattern of a manifest means.
fn folders(root: &Path, manifest: &Path, pattern: String) -> Result<Vec<PathBuf>, WorkspaceError> {
    // The folder of the workspace is no pattern, whatever it is called.
    let below_root = format!("{}/{pattern}", glob::Pattern::escape(&root.to_string_lossy()));
    let found = glob::glob(&below_root).map_err(|source| WorkspaceError::Members {
        manifest: manifest.to_owned(),
        pattern,
        source,
    })?;
    let unreadable = |error: glob::GlobError| {
        WorkspaceError::from(ReadError::Io { path: error.path().to_owned(), source: error.into() })
    };
    let mut folders = Vec::new();
    for folder in found {
        let folder = folder.map_err(unreadable)?;
        if folder.join("Cargo.toml").is_file() {
            folders.push(folder);
        }
    }
    Ok(folders)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn write(root: &TempDir, path: &str, text: &str) {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn members_are_what_cargo_takes_for_them() {
        let root = TempDir::new().unwrap();
        write(&root, "Cargo.toml", "[workspace]\nmembers = [\"a/*\", \"b\"]\nexclude = [\"a/old\"]\n");
        for (folder, name) in [("a/one", "one"), ("a/old", "old"), ("b", "two"), ("c", "three")] {
            write(&root, &format!("{folder}/Cargo.toml"), &format!("[package]\nname = \"{name}\"\n"));
        }
        write(&root, "a/README.md", "");
        let workspace = Workspace::read(Workspace::root_of(&root.path().join("a/one/src")).unwrap()).unwrap();
        assert_eq!(workspace.root, root.path());
        let names: Vec<_> =
            workspace.packages.iter().map(|(path, name)| (path.to_str().unwrap(), &**name)).collect();
        assert_eq!(names, [("a/one", "one"), ("b", "two")]);
    }

    #[test]
    fn a_package_without_a_workspace_is_its_own() {
        let root = TempDir::new().unwrap();
        write(&root, "Cargo.toml", "[package]\nname = \"alone\"\n");
        let workspace = Workspace::read(Workspace::root_of(&root.path().join("src")).unwrap()).unwrap();
        assert_eq!(workspace.packages.values().collect::<Vec<_>>(), ["alone"]);
    }
}
