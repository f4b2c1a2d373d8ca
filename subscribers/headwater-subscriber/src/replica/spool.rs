use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::ReplicaError;

/// A file beside a state, for an archive on its way. It is removed when this is dropped, and one that a killed process has left is overwritten.
///
/// So a store's snapshot is held as long as a disk takes and not as long as a network does, and nothing is read that isn't verified.
#[derive(Debug)]
pub(super) struct Spool {
    path: PathBuf,
}

impl Spool {
    /// The file beside the directory of a build that ends so.
    pub(super) fn beside(directory: &Path, ending: &str) -> Self {
        Self { path: directory.with_extension(ending) }
    }

    /// Empties the file, for writing.
    pub(super) fn create(&self) -> Result<File, ReplicaError> {
        let made = self.path.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| File::create(&self.path)).map_err(|source| self.failed(source))
    }

    /// Opens what was written.
    pub(super) fn open(&self) -> Result<File, ReplicaError> {
        File::open(&self.path).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: std::io::Error) -> ReplicaError {
        ReplicaError::File { path: self.path.clone(), source }
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        fs::remove_file(&self.path).ok();
    }
}
