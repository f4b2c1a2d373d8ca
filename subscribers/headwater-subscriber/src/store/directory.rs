use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;

use super::StoreKind;
use crate::StoreError;

/// What is in a directory that is to hold a store.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Contents {
    /// No directory, or nothing that could be lost: a process that is killed while it creates a store
    /// leaves empty files behind.
    Nothing,
    Store(StoreKind),
    /// What no store has written, such as this file.
    Foreign {
        entry: String,
    },
}

/// Looks before a store does, because a store that is given a directory writes to it.
pub(super) fn contents(directory: &Path) -> Result<Contents, StoreError> {
    look(directory)
        .map_err(|source| StoreError::Directory { directory: directory.to_owned(), source: Box::new(source) })
}

fn look(directory: &Path) -> io::Result<Contents> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Contents::Nothing),
        // A file, which a store refuses as well, but not every store says why.
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Ok(Contents::Foreign { entry: "a file".to_owned() });
        }
        entries => entries?,
    };
    if directory.join("conf").is_file() {
        return Ok(Contents::Store(StoreKind::Sled));
    }
    if directory.join("keyspaces").is_dir() && directory.join("lock").is_file() {
        return Ok(Contents::Store(StoreKind::Fjall));
    }
    for entry in entries {
        let entry = entry?;
        if !is_empty(&entry)? {
            return Ok(Contents::Foreign { entry: entry.file_name().to_string_lossy().into_owned() });
        }
    }
    Ok(Contents::Nothing)
}

fn is_empty(entry: &DirEntry) -> io::Result<bool> {
    let metadata = entry.metadata()?;
    if metadata.is_dir() {
        return Ok(fs::read_dir(entry.path())?.next().is_none());
    }
    Ok(metadata.is_file() && metadata.len() == 0)
}
