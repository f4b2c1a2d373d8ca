use std::fs::{self, DirEntry, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::StoreKind;
use crate::{Partitioning, PartitioningError, StoreError, StorePlace};

/// What is in a directory that is to hold a store.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Contents {
    /// No directory, or nothing that could be lost: a process that is killed while it creates a store
    /// leaves empty files behind.
    Nothing,
    Store(StoreKind),
    /// The state is in this place, which is no directory.
    Elsewhere(StorePlace),
    /// A directory for each partition that is here.
    Divided(Partitioning),
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

/// The file that says where a state is that is in no directory.
const ELSEWHERE: &str = "elsewhere.json";

#[derive(Serialize, Deserialize)]
struct Elsewhere {
    schema: String,
    database: String,
}

/// The file that says into how many partitions a state is divided.
const DIVIDED: &str = "partitions.json";

#[derive(Serialize, Deserialize)]
struct Divided {
    partitions: u32,
}

/// Says in the directory where the state is, for operators and for who would create another one there.
#[cfg(feature = "postgres")]
pub(super) fn say_elsewhere(directory: &Path, place: &StorePlace) -> Result<(), StoreError> {
    let StorePlace::Schema { schema, database } = place else { return Ok(()) };
    say(directory, ELSEWHERE, &Elsewhere { schema: schema.clone(), database: database.clone() })
}

/// Of those that find nothing in a directory, one creates what is to be there, while it has this.
pub(super) fn lock(directory: &Path) -> io::Result<File> {
    let parent = directory.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    let lock = File::create(parent.join("builds.new.lock"))?;
    lock.lock()?;
    Ok(lock)
}

/// A path beside the directory, with its name and this ending.
pub(super) fn beside(directory: &Path, ending: &str) -> PathBuf {
    let mut path = directory.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// Says in the directory of a build that there is one for each partition.
pub(super) fn say_divided(directory: &Path, partitioning: Partitioning) -> Result<(), StoreError> {
    let failed = |source| StoreError::Directory { directory: directory.to_owned(), source: Box::new(source) };
    let _lock = lock(directory).map_err(failed)?;
    match contents(directory)? {
        Contents::Divided(found) if found == partitioning => Ok(()),
        Contents::Nothing => say(directory, DIVIDED, &Divided { partitions: partitioning.count() }),
        _ => Err(StoreError::Foreign {
            place: directory.into(),
            entry: "a state that isn't so divided".to_owned(),
        }),
    }
}

/// What was looked for is one store.
pub(super) fn divided(directory: &Path) -> StoreError {
    StoreError::Foreign { place: directory.into(), entry: DIVIDED.to_owned() }
}

fn say(directory: &Path, file: &str, what: &impl Serialize) -> Result<(), StoreError> {
    let write = || {
        fs::create_dir_all(directory)?;
        let new = directory.join(format!("{file}.new"));
        fs::write(&new, serde_json::to_vec_pretty(what)?)?;
        fs::rename(&new, directory.join(file))
    };
    write().map_err(|source: io::Error| StoreError::Directory {
        directory: directory.to_owned(),
        source: Box::new(source),
    })
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
    match fs::read(directory.join(ELSEWHERE)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        elsewhere => {
            let Elsewhere { schema, database } = serde_json::from_slice(&elsewhere?)?;
            return Ok(Contents::Elsewhere(StorePlace::Schema { schema, database }));
        }
    }
    match fs::read(directory.join(DIVIDED)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        divided => {
            let Divided { partitions } = serde_json::from_slice(&divided?)?;
            let count = Partitioning::new(partitions);
            return Ok(Contents::Divided(count.ok_or_else(|| io::Error::other(PartitioningError))?));
        }
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
