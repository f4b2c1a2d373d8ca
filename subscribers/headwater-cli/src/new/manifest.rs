use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::NewError;
use super::site::Site;

/// A dependency of a crate to be, and the features that it needs.
pub(super) type Dependency<'d> = (&'d str, &'d [&'d str]);

/// The `Cargo.toml` of a crate to be. What the workspace has in common is inherited.
#[derive(Debug)]
pub(super) struct CrateManifest<'d> {
    pub(super) name: &'d str,
    pub(super) description: &'d str,
    /// Below the workspace's root.
    pub(super) folder: &'d Path,
    pub(super) dependencies: Vec<Dependency<'d>>,
    pub(super) dev_dependencies: Vec<Dependency<'d>>,
}

/// What `[workspace.package]` may have, and what is written without it.
const PACKAGE_KEYS: [(&str, Option<&str>); 6] = [
    ("version", Some("\"0.1.0\"")),
    ("edition", Some("\"2024\"")),
    ("rust-version", None),
    ("license", None),
    ("repository", None),
    ("publish", Some("false")),
];

/// Libraries that a workspace needn't name.
const COMMON: [(&str, &str); 5] =
    [("jiff", "0.2"), ("schemars", "1"), ("serde", "1"), ("serde_json", "1"), ("thiserror", "2")];

impl CrateManifest<'_> {
    pub(super) fn text(&self, site: &Site) -> Result<String, NewError> {
        let mut text =
            format!("[package]\nname = \"{}\"\ndescription = \"{}.\"\n", self.name, self.description);
        for (key, otherwise) in PACKAGE_KEYS {
            match otherwise {
                _ if site.manifest.has_package_key(key) => text += &format!("{key}.workspace = true\n"),
                Some(value) => text += &format!("{key} = {value}\n"),
                None => {}
            }
        }
        if site.manifest.has_lints() {
            text += "\n[lints]\nworkspace = true\n";
        }
        for (heading, dependencies) in
            [("dependencies", &self.dependencies), ("dev-dependencies", &self.dev_dependencies)]
        {
            if dependencies.is_empty() {
                continue;
            }
            let mut dependencies = dependencies.clone();
            dependencies.sort_unstable();
            let _ = write!(text, "\n[{heading}]\n");
            for dependency in dependencies {
                text += &self.line(dependency, site)?;
            }
        }
        Ok(text)
    }

    fn line(&self, (package, features): Dependency<'_>, site: &Site) -> Result<String, NewError> {
        let in_workspace = site.manifest.dependency(package).is_some();
        let missing: Vec<String> = features
            .iter()
            .filter(|feature| !in_workspace || !site.manifest.enables(package, feature))
            .map(|feature| format!("\"{feature}\""))
            .collect();
        let source = if in_workspace {
            if missing.is_empty() {
                return Ok(format!("{package}.workspace = true\n"));
            }
            "workspace = true".to_owned()
        } else if let Some(folder) = site.folder(package) {
            format!("path = \"{}\"", relative(self.folder, folder).display())
        } else if let Some((_, version)) = COMMON.iter().find(|(name, _)| *name == package) {
            format!("version = \"{version}\"")
        } else {
            let manifest = site.manifest.path().to_owned();
            return Err(NewError::Dependency { package: package.to_owned(), manifest });
        };
        let features =
            if missing.is_empty() { String::new() } else { format!(", features = [{}]", missing.join(", ")) };
        Ok(format!("{package} = {{ {source}{features} }}\n"))
    }
}

/// The way from one folder to another; both are below the root.
pub(super) fn relative(from: &Path, to: &Path) -> PathBuf {
    if to.is_absolute() {
        return to.to_owned();
    }
    let up = from.components().map(|_| "..");
    up.collect::<PathBuf>().join(to)
}
