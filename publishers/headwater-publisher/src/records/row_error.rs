use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// A row that can't be read, and where: `flights.csv:17: dep_time: "25x7" is not a time between 0000 and 2400`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// The file's name.
    pub file: Arc<str>,
    /// The line in which the row begins; the file's first line is 1.
    pub line: u64,
    /// The column's name, or none when the row as a whole is wrong.
    pub column: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if let Some(column) = &self.column {
            write!(f, "{column}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl Error for RowError {}
