use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::NewError;

/// Files to be, and files to be changed. They are written together, or not at all.
#[derive(Debug, Default)]
pub(super) struct Draft {
    files: BTreeMap<PathBuf, File>,
}

#[derive(Debug)]
struct File {
    text: String,
    /// What the file holds until then; nothing if there is none.
    before: Option<String>,
}

impl Draft {
    /// Adds a file that isn't there yet.
    pub(super) fn create(&mut self, path: impl Into<PathBuf>, text: String) {
        self.files.insert(path.into(), File { text, before: None });
    }

    /// Adds a change of a file.
    pub(super) fn change(&mut self, path: impl Into<PathBuf>, before: String, text: String) {
        if before != text {
            self.files.insert(path.into(), File { text, before: Some(before) });
        }
    }

    /// The text that a file of the draft is to have.
    pub(super) fn text(&self, path: &Path) -> Option<&str> {
        self.files.get(path).map(|file| file.text.as_str())
    }

    /// The new files, and those that change, in order.
    pub(super) fn paths(&self) -> impl Iterator<Item = (&Path, bool)> {
        self.files.iter().map(|(path, file)| (path.as_path(), file.before.is_none()))
    }

    /// Writes everything below `root`. When something can't be written, what was is taken back.
    pub(super) fn write(&self, root: &Path) -> Result<(), NewError> {
        if let Some((path, _)) =
            self.files.iter().find(|(path, file)| file.before.is_none() && root.join(path).exists())
        {
            return Err(NewError::Exists { path: path.clone() });
        }
        let mut undo = Undo::default();
        for (path, file) in &self.files {
            if let Err(source) = undo.write(&root.join(path), file) {
                undo.all();
                return Err(NewError::File { path: path.clone(), verb: "written", source });
            }
        }
        Ok(())
    }
}

/// What was done so far.
#[derive(Debug, Default)]
struct Undo {
    created: Vec<PathBuf>,
    changed: Vec<(PathBuf, String)>,
}

impl Undo {
    fn write(&mut self, path: &Path, file: &File) -> io::Result<()> {
        match &file.before {
            None => {
                let folders: Vec<&Path> =
                    path.ancestors().skip(1).take_while(|folder| !folder.exists()).collect();
                for folder in folders.into_iter().rev() {
                    fs::create_dir(folder)?;
                    self.created.push(folder.to_owned());
                }
                let mut new = fs::File::create_new(path)?;
                self.created.push(path.to_owned());
                new.write_all(file.text.as_bytes())
            }
            Some(before) => {
                self.changed.push((path.to_owned(), before.clone()));
                fs::write(path, &file.text)
            }
        }
    }

    /// What can't be taken back stays: the error that is reported is the first one.
    fn all(self) {
        for (path, before) in self.changed {
            let _ = fs::write(path, before);
        }
        for path in self.created.into_iter().rev() {
            let _ = if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_overwritten() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("b"), "mine").unwrap();
        let mut draft = Draft::default();
        draft.create("a", "new".to_owned());
        draft.create("b", "new".to_owned());
        assert!(matches!(draft.write(root.path()), Err(NewError::Exists { .. })));
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
        assert_eq!(fs::read_to_string(root.path().join("b")).unwrap(), "mine");
    }

    #[test]
    fn what_fails_half_way_leaves_nothing_behind() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a"), "before").unwrap();
        fs::write(root.path().join("file"), "").unwrap();
        let mut draft = Draft::default();
        draft.change("a", "before".to_owned(), "after".to_owned());
        draft.create("crate/src/lib.rs", String::new());
        draft.create("file/is/no/folder", String::new());
        assert!(matches!(draft.write(root.path()), Err(NewError::File { .. })));
        assert_eq!(fs::read_to_string(root.path().join("a")).unwrap(), "before");
        assert!(!root.path().join("crate").exists());
    }
}
