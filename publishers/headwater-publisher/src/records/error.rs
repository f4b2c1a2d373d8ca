use std::io;

/// A file of records that can't be read at all, while a bad row is a [`RowError`](super::RowError).
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// There is no such file.
    #[error(
        "{place} does not exist; name a directory that holds {name}, or none to use the built-in records"
    )]
    Missing {
        /// The path, or that the file was expected in the binary.
        place: String,
        /// The file's name.
        name: String,
    },
    /// The file can't be opened or read.
    #[error("{place} can't be read; check that it is a file, and its permissions")]
    Unreadable {
        /// The file's path.
        place: String,
        /// What the system said.
        source: io::Error,
    },
    /// A column that is needed is not in the file's first row.
    #[error("{place} has no column {column:?} (its first line is {header:?}); restore the column's name")]
    MissingColumn {
        /// The file's path.
        place: String,
        /// The column's name.
        column: String,
        /// The first line as it is.
        header: String,
    },
    /// The file's first line is not one that names columns.
    #[error("{place} does not begin with a line of column names; is it a CSV file?")]
    NoHeader {
        /// The file's path.
        place: String,
    },
    /// The type to read rows as is not a struct with named fields: a mistake in the program.
    #[error("{place} is read as {row_type}, which is not a plain struct; derive Deserialize without flatten")]
    NotAStruct {
        /// The file's path.
        place: String,
        /// The type's name.
        row_type: &'static str,
    },
}
