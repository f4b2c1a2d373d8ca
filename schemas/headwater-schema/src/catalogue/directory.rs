use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::Page;
use crate::registry::Staged;

/// The list of the pages that were written into a directory, as `sha256sum --check` reads it.
const LIST: &str = "pages.sha256";

/// What became of the pages of an earlier catalogue that the new one doesn't have.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outdated {
    /// These were removed.
    pub removed: Vec<PathBuf>,
    /// Somebody has changed these since they were written, so they were left.
    pub left: Vec<PathBuf>,
}

/// Why pages can't be written into a directory.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A file can't be read or written.
    #[error("{} can't be read or written", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system reports.
        source: io::Error,
    },
    /// A page would take the place of something else.
    #[error(
        "{} is there already, and is no page of a catalogue that was written here; choose another directory, or remove it",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
}

/// Writes a catalogue into a directory, in place of the one that was written there before.
///
/// The list `pages.sha256` says what was written, so that pages of events and services that are gone can go as well. No other
/// file is removed or replaced.
///
/// # Errors
///
/// [`WriteError`] when a file can't be written, and before anything is written when a page would replace what is none.
pub fn write(directory: &Path, pages: &[Page]) -> Result<Outdated, WriteError> {
    let before = read_list(directory)?;
    let digests: BTreeMap<String, String> =
        pages.iter().map(|page| (slashed(&page.path), digest(page.html.as_bytes()))).collect();
    for (name, digest) in &digests {
        if !before.contains_key(name) && found(directory, name)?.is_some_and(|found| found != *digest) {
            return Err(WriteError::Foreign { path: directory.join(name) });
        }
    }
    let outdated: BTreeMap<_, _> =
        before.into_iter().filter(|(name, _)| !digests.contains_key(name)).collect();
    // Until the end the list names all, so that a run that is cut short can be repeated.
    write_list(directory, outdated.iter().chain(&digests))?;
    for page in pages {
        write_file(&directory.join(&page.path), page.html.as_bytes())?;
    }
    let mut result = Outdated::default();
    for (name, digest) in &outdated {
        let path = directory.join(name);
        match found(directory, name)? {
            None => {}
            Some(found) if found == *digest => {
                fs::remove_file(&path).map_err(|source| WriteError::File { path: path.clone(), source })?;
                result.removed.push(path);
            }
            Some(_) => result.left.push(path),
        }
    }
    write_list(directory, digests.iter())?;
    Ok(result)
}

/// The pages that were written before, with their digests.
fn read_list(directory: &Path) -> Result<BTreeMap<String, String>, WriteError> {
    let path = directory.join(LIST);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(source) => return Err(WriteError::File { path, source }),
    };
    let entry = |line: &str| line.split_once("  ").map(|(digest, name)| (name.to_owned(), digest.to_owned()));
    // Anybody may have edited the list. What leads out of the directory is none of its pages.
    Ok(text.lines().filter_map(entry).filter(|(name, _)| is_page(name)).collect())
}

fn write_list<'a>(
    directory: &Path,
    digests: impl Iterator<Item = (&'a String, &'a String)>,
) -> Result<(), WriteError> {
    let list: String = digests.map(|(name, digest)| format!("{digest}  {name}\n")).collect();
    write_file(&directory.join(LIST), list.as_bytes())
}

fn write_file(path: &Path, text: &[u8]) -> Result<(), WriteError> {
    let written = Staged::write(path, text).and_then(Staged::replace);
    written.map_err(|source| WriteError::File { path: path.to_owned(), source })
}

/// The digest of what is there.
fn found(directory: &Path, name: &str) -> Result<Option<String>, WriteError> {
    let path = directory.join(name);
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(digest(&bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(WriteError::File { path, source }),
    }
}

fn is_page(name: &str) -> bool {
    let path = Path::new(name);
    path.extension().is_some_and(|extension| extension == "html")
        && path.components().all(|part| matches!(part, Component::Normal(_)))
}

/// A relative path, the same on every system.
fn slashed(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(path: &str, html: &str) -> Page {
        Page { path: PathBuf::from(path), html: html.to_owned() }
    }

    #[test]
    fn replaces_its_own_pages_and_removes_those_that_are_gone() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let [index, old, changed] =
            ["index.html", "events/old.html", "events/changed.html"].map(|p| page(p, "1"));
        assert_eq!(write(root, &[index, old, changed]).unwrap(), Outdated::default());
        fs::write(root.join("events/changed.html"), "by hand").unwrap();
        fs::write(root.join("events/mine.html"), "mine").unwrap();

        let outdated = write(root, &[page("index.html", "2"), page("events/new.html", "2")]).unwrap();
        assert_eq!(outdated.removed, [root.join("events/old.html")]);
        assert_eq!(outdated.left, [root.join("events/changed.html")]);
        assert_eq!(fs::read_to_string(root.join("index.html")).unwrap(), "2");
        let mut left: Vec<_> =
            fs::read_dir(root.join("events")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["changed.html", "mine.html", "new.html"]);
        // From now on it is somebody else's.
        assert!(matches!(write(root, &[page("events/changed.html", "3")]), Err(WriteError::Foreign { .. })));
    }

    #[test]
    fn replaces_nothing_that_it_has_not_written() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::write(root.join("index.html"), "my home page").unwrap();
        let error = write(root, &[page("a.html", "1"), page("index.html", "1")]).unwrap_err();
        assert!(error.to_string().contains("index.html is there already"), "{error}");
        assert_eq!(fs::read_to_string(root.join("index.html")).unwrap(), "my home page");
        assert!(!root.join("a.html").exists());
    }

    #[test]
    fn a_list_that_was_tampered_with_leads_nowhere_else() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("pages");
        let outside = directory.path().join("outside.html");
        fs::create_dir(&root).unwrap();
        fs::write(&outside, "1").unwrap();
        fs::write(root.join("notes.txt"), "1").unwrap();
        let one = digest(b"1");
        let list =
            format!("{one}  ../outside.html\n{one}  {}\n{one}  notes.txt\nnonsense\n", outside.display());
        fs::write(root.join(LIST), list).unwrap();
        assert_eq!(write(&root, &[]).unwrap(), Outdated::default());
        assert!(outside.exists() && root.join("notes.txt").exists());
    }

    #[test]
    fn a_run_that_was_cut_short_is_repeated() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        write(root, &[page("a.html", "1"), page("old.html", "1")]).unwrap();
        // As a run leaves it that ends when it has written its list: no page is as the list says.
        let [one, two] = [digest(b"1"), digest(b"2")];
        fs::write(root.join(LIST), format!("{two}  a.html\n{two}  b.html\n{one}  old.html\n")).unwrap();
        let outdated = write(root, &[page("a.html", "2"), page("b.html", "2")]).unwrap();
        assert_eq!(outdated, Outdated { removed: vec![root.join("old.html")], left: Vec::new() });
        assert_eq!(fs::read_to_string(root.join("a.html")).unwrap(), "2");
        assert_eq!(fs::read_to_string(root.join(LIST)).unwrap(), format!("{two}  a.html\n{two}  b.html\n"));
    }
}
