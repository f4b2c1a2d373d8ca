use std::fs::File;
use std::io::{self, Cursor};
use std::path::PathBuf;

use super::RecordsError;
use super::file::{Contents, RecordFile};

/// Where the files of a data set are.
#[derive(Debug, Clone)]
pub enum RecordSource {
    /// The files of this directory.
    Directory(PathBuf),
    /// Files that are built into the binary with `include_bytes!`: name and content.
    BuiltIn(&'static [(&'static str, &'static [u8])]),
}

impl RecordSource {
    /// Files that are built into the binary.
    #[must_use]
    pub const fn built_in(files: &'static [(&'static str, &'static [u8])]) -> Self {
        Self::BuiltIn(files)
    }

    /// The files of `directory`, or the built-in ones if there is none: what a `--records` flag means.
    #[must_use]
    pub fn directory_or(
        directory: Option<PathBuf>,
        built_in: &'static [(&'static str, &'static [u8])],
    ) -> Self {
        directory.map_or(Self::BuiltIn(built_in), Self::Directory)
    }

    /// Opens the file `name`.
    ///
    /// # Errors
    ///
    /// [`RecordsError::Missing`] when there is no such file, [`RecordsError::Unreadable`] when it
    /// can't be opened.
    pub(super) fn open(&self, name: &str) -> Result<RecordFile, RecordsError> {
        match self {
            Self::Directory(directory) => {
                let path = directory.join(name);
                let place = path.display().to_string();
                match File::open(&path) {
                    Ok(file) => Ok(RecordFile::new(name, place, Contents::OnDisk(file))),
                    Err(source) if source.kind() == io::ErrorKind::NotFound => {
                        Err(RecordsError::Missing { place, name: name.to_owned() })
                    }
                    Err(source) => Err(RecordsError::Unreadable { place, source }),
                }
            }
            Self::BuiltIn(files) => {
                let place = format!("{name} (built in)");
                match files.iter().find(|(known, _)| *known == name) {
                    Some((_, bytes)) => {
                        Ok(RecordFile::new(name, place, Contents::BuiltIn(Cursor::new(bytes))))
                    }
                    None => Err(RecordsError::Missing { place, name: name.to_owned() }),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Rows;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Airline {
        name: String,
    }

    #[test]
    fn a_missing_file_is_named_with_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        let source = RecordSource::Directory(directory.path().to_owned());
        let error = Rows::<Airline>::open(&source, "airlines.csv").err().unwrap();
        let path = directory.path().join("airlines.csv");
        assert_eq!(
            error.to_string(),
            format!(
                "{} does not exist; name a directory that holds airlines.csv, or none to use the built-in \
                 records",
                path.display()
            )
        );
    }

    #[test]
    fn an_empty_file_is_not_a_csv_file() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("airlines.csv"), "").unwrap();
        let source = RecordSource::Directory(directory.path().to_owned());
        let error = Rows::<Airline>::open(&source, "airlines.csv").err().unwrap();
        assert!(matches!(error, RecordsError::NoHeader { .. }), "{error}");
    }

    #[test]
    fn a_directory_goes_before_the_built_in_files() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("airlines.csv"), "name\non disk\n").unwrap();
        const BUILT_IN: &[(&str, &[u8])] = &[("airlines.csv", b"name\nbuilt in\n")];
        for (given, name) in [(Some(directory.path().to_owned()), "on disk"), (None, "built in")] {
            let source = RecordSource::directory_or(given, BUILT_IN);
            let mut rows = Rows::<Airline>::open(&source, "airlines.csv").unwrap();
            assert_eq!(rows.next_row().unwrap().unwrap().fields.name, name);
            assert!(rows.next_row().unwrap().is_none());
        }
    }
}
