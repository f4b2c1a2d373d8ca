use std::io;

/// Why the records can't be read. A single row that can't be read is none of these: it is skipped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecomputeError {
    /// A file can't be opened or read.
    #[error("the check of the projections can't read {file}")]
    Unreadable {
        /// The file's name.
        file: &'static str,
        /// What the operating system reports.
        source: io::Error,
    },
    /// A file lacks a column.
    #[error(
        "the check of the projections finds no column {column:?} in {file} (its first line is {header:?}); \
         restore the column's name"
    )]
    MissingColumn {
        /// The file's name.
        file: &'static str,
        /// The column.
        column: &'static str,
        /// The file's first line.
        header: String,
    },
}
