use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use headwater_schema::registry::Staged;

use crate::gate_error::GateError;

/// Writes a file if its content differs, all of it or nothing: builds run side by side, and whoever reads it
/// may do so at any time. Either way it is as young as the build that vouches for it.
pub(crate) fn write_if_changed(path: &Path, text: &[u8]) -> Result<(), GateError> {
    let write = || -> io::Result<()> {
        match fs::read(path) {
            Ok(there) if there == text => {
                fs::File::options().append(true).open(path)?.set_modified(SystemTime::now())
            }
            _ => Staged::write(path, text)?.replace(),
        }
    };
    write().map_err(|source| GateError::Write { path: path.to_owned(), source })
}
