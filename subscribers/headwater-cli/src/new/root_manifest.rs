use std::fs;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};
use toml_edit::{Array, DocumentMut, InlineTable, Item, TableLike, Value};

use super::NewError;

/// The workspace's `Cargo.toml`, which keeps its format when something is added.
#[derive(Debug, Clone)]
pub(super) struct RootManifest {
    path: PathBuf,
    text: String,
    document: DocumentMut,
}

impl RootManifest {
    pub(super) fn read(root: &Path) -> Result<Self, NewError> {
        let path = root.join("Cargo.toml");
        let text = fs::read_to_string(&path).map_err(|source| NewError::File {
            path: path.clone(),
            verb: "read",
            source,
        })?;
        let document = text
            .parse()
            .map_err(|source| NewError::Manifest { path: path.clone(), source: Box::new(source) })?;
        Ok(Self { path, text, document })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The text before any change.
    pub(super) fn before(&self) -> &str {
        &self.text
    }

    /// The text with all changes.
    pub(super) fn text(&self) -> String {
        self.document.to_string()
    }

    /// Whether `[workspace.package]` has this key.
    pub(super) fn has_package_key(&self, key: &str) -> bool {
        self.workspace("package").is_some_and(|package| package.contains_key(key))
    }

    /// Whether there is a `[workspace.lints]`.
    pub(super) fn has_lints(&self) -> bool {
        self.workspace("lints").is_some()
    }

    /// Whether there is a `[workspace.dependencies]`.
    pub(super) fn has_dependencies(&self) -> bool {
        self.workspace("dependencies").is_some()
    }

    /// What `[workspace.dependencies]` says of a package.
    pub(super) fn dependency(&self, package: &str) -> Option<&Item> {
        self.workspace("dependencies")?.get(package)
    }

    /// Whether `[workspace.dependencies]` enables a feature of a package.
    pub(super) fn enables(&self, package: &str, feature: &str) -> bool {
        let features = self.dependency(package).and_then(|dependency| dependency.get("features"));
        let mut features = features.and_then(Item::as_array).into_iter().flatten();
        features.any(|enabled| enabled.as_str() == Some(feature))
    }

    /// The dependency that code calls `krate`.
    pub(super) fn package(&self, krate: &str) -> String {
        let dependencies = self.workspace("dependencies").into_iter().flat_map(TableLike::iter);
        let mut names = dependencies.map(|(name, _)| name.to_owned());
        names.find(|name| name.replace('-', "_") == krate).unwrap_or_else(|| krate.replace('_', "-"))
    }

    /// Makes a folder a member of the workspace, if it isn't one by a pattern.
    pub(super) fn add_member(&mut self, folder: &Path) {
        let folder = folder.to_string_lossy().replace('\\', "/");
        if !self.is_member(&folder)
            && let Some(workspace) = self.document.get_mut("workspace").and_then(Item::as_table_like_mut)
        {
            let members = workspace.entry("members").or_insert_with(|| Item::Value(Array::new().into()));
            if let Some(members) = members.as_array_mut() {
                members.push(folder);
            }
        }
    }

    /// Adds a crate of this workspace to `[workspace.dependencies]`, if there is such a table, in front of other
    /// libraries.
    pub(super) fn add_dependency(&mut self, package: &str, folder: &Path) {
        let Some(dependencies) = self
            .document
            .get_mut("workspace")
            .and_then(|workspace| workspace.get_mut("dependencies"))
            .and_then(Item::as_table_mut)
        else {
            return;
        };
        let mut path = InlineTable::new();
        path.insert("path", folder.to_string_lossy().replace('\\', "/").into());
        let is_own = |item: &Item| item.get("path").is_some();
        let names: Vec<String> = dependencies.iter().map(|(name, _)| name.to_owned()).collect();
        let own = dependencies.iter().take_while(|(_, item)| is_own(item)).count();
        dependencies.insert(package, Item::Value(Value::InlineTable(path)));
        let position = |name: &str| match names.iter().position(|known| known == name) {
            Some(index) if index < own => index,
            Some(index) => index + 1,
            None => own,
        };
        dependencies.sort_values_by(|one, _, other, _| position(one.get()).cmp(&position(other.get())));
    }

    fn is_member(&self, folder: &str) -> bool {
        let patterns = |key: &str| -> Vec<String> {
            let listed = self
                .document
                .get("workspace")
                .and_then(|workspace| workspace.get(key))
                .and_then(Item::as_array);
            listed.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let options = MatchOptions { require_literal_separator: true, ..MatchOptions::new() };
        let is_covered = |pattern: &String| {
            Pattern::new(pattern.trim_end_matches('/'))
                .is_ok_and(|pattern| pattern.matches_with(folder, options))
        };
        let is_excluded = |excluded: &String| Path::new(folder).starts_with(excluded);
        patterns("members").iter().any(is_covered) && !patterns("exclude").iter().any(is_excluded)
    }

    fn workspace(&self, key: &str) -> Option<&dyn TableLike> {
        self.document.get("workspace")?.get(key)?.as_table_like()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(text: &str) -> RootManifest {
        RootManifest { path: "Cargo.toml".into(), text: text.to_owned(), document: text.parse().unwrap() }
    }

    const TEXT: &str = "[workspace]\n# Flat.\nmembers = [\"events/*\", \"gate\"]\nexclude = [\"events/old\"]\n\n\
        [workspace.dependencies]\ngate = { path = \"gate\" }\n\nserde = \"1\"   # everywhere\nzip = \"2\"\n";

    #[test]
    fn a_member_that_a_pattern_covers_changes_nothing() {
        let mut covered = manifest(TEXT);
        covered.add_member(Path::new("events/order-events"));
        assert_eq!(covered.text(), TEXT);
    }

    #[test]
    fn a_member_that_no_pattern_covers_is_added_and_the_rest_stays() {
        for folder in ["subscribers/gate-times", "events/old", "events/a/b"] {
            let mut added = manifest(TEXT);
            added.add_member(Path::new(folder));
            assert_eq!(added.text(), TEXT.replace("\"gate\"]", &format!("\"gate\", \"{folder}\"]")));
        }
    }

    #[test]
    fn a_dependency_is_added_after_the_crates_of_this_workspace() {
        let mut added = manifest(TEXT);
        added.add_dependency("order-events", Path::new("events/order-events"));
        let line = "gate = { path = \"gate\" }\n";
        let expected =
            TEXT.replace(line, &format!("{line}order-events = {{ path = \"events/order-events\" }}\n"));
        assert_eq!(added.text(), expected);
    }
}
