use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::sync::Arc;

/// An open file of records.
pub(super) struct RecordFile {
    /// What rows are reported by: the file's name without its directory.
    pub(super) name: Arc<str>,
    /// What the file itself is reported by: its path, or that it is built in.
    pub(super) place: String,
    contents: Contents,
}

pub(super) enum Contents {
    OnDisk(File),
    BuiltIn(Cursor<&'static [u8]>),
}

impl RecordFile {
    pub(super) fn new(name: &str, place: String, contents: Contents) -> Self {
        Self { name: name.into(), place, contents }
    }
}

impl Read for RecordFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.contents {
            Contents::OnDisk(file) => file.read(buffer),
            Contents::BuiltIn(bytes) => bytes.read(buffer),
        }
    }
}

impl Seek for RecordFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match &mut self.contents {
            Contents::OnDisk(file) => file.seek(to),
            Contents::BuiltIn(bytes) => bytes.seek(to),
        }
    }
}
