//! What an operator asks a projection, whether it is running or not.
//!
//! A store lets one process open it. So a running projection answers on a Unix socket beside its store,
//! `<name>.sock`, which only whoever may write to its directory can reach: a question is a line of JSON,
//! and so is each row of the answer.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Row, StoreError, View};

/// Which rows of a projection are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    /// Only the rows of this table; else of all.
    pub table: Option<String>,
    /// Only the row at this key; else all rows.
    pub key: Option<String>,
}

/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(10);

impl Query {
    /// Reads the rows of the projection `name` below `directory`, from its store, or from the process that
    /// runs it.
    ///
    /// # Errors
    ///
    /// [`QueryError`] when there is no such projection, or its process doesn't answer; `each` ends the
    /// answer with an error of its own.
    pub fn ask(
        &self,
        directory: &Path,
        name: &str,
        mut each: impl FnMut(Row) -> io::Result<()>,
    ) -> Result<(), QueryError> {
        match View::open(&directory.join(name)) {
            Ok(view) => self.rows(&view, |row| Ok(each(row)?)),
            Err(StoreError::InUse { .. }) => self.ask_process(&socket(directory, name), each),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) fn rows(
        &self,
        view: &View,
        mut each: impl FnMut(Row) -> Result<(), QueryError>,
    ) -> Result<(), QueryError> {
        // One answer is of one moment, however long it takes to send.
        let view = view.snapshot()?;
        let tables = view.tables()?;
        if let Some(table) = self.table.as_ref().filter(|table| !tables.contains(table)) {
            let tables = if tables.is_empty() { "none yet".to_owned() } else { tables.join(", ") };
            return Err(QueryError::NoTable { table: table.clone(), tables });
        }
        for table in tables.iter().filter(|table| self.table.as_ref().is_none_or(|wanted| wanted == *table)) {
            match &self.key {
                Some(key) => view.get(table, key)?.map_or(Ok(()), &mut each)?,
                None => view.rows(table, "").try_for_each(|row| each(row?))?,
            }
        }
        Ok(())
    }

    fn ask_process(
        &self,
        socket: &Path,
        mut each: impl FnMut(Row) -> io::Result<()>,
    ) -> Result<(), QueryError> {
        let process = |source| QueryError::Process { socket: socket.to_owned(), source };
        let mut stream = UnixStream::connect(socket).map_err(process)?;
        limit(&stream).map_err(process)?;
        serde_json::to_writer(&mut stream, self).map_err(|error| process(error.into()))?;
        stream.write_all(b"\n").map_err(process)?;
        for line in BufReader::new(stream).lines() {
            match serde_json::from_str(&line.map_err(process)?).map_err(|error| process(error.into()))? {
                Line::Row(row) => each(row)?,
                Line::Error(message) => return Err(QueryError::Refused { message }),
                Line::End => return Ok(()),
            }
        }
        Err(process(io::Error::from(io::ErrorKind::UnexpectedEof)))
    }
}

/// One line of an answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Line {
    Row(Row),
    Error(String),
    /// All rows were sent: without it, the answer was cut off.
    End,
}

pub(crate) fn limit(stream: &UnixStream) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))
}

/// Where the process that runs a projection answers.
pub(crate) fn socket(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}.sock"))
}

/// Why a projection can't be read.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The projection has no such table, or it has no rows yet.
    #[error("the projection has no rows in a table {table:?}; there are rows in: {tables}")]
    NoTable {
        /// The table that was named.
        table: String,
        /// The tables that have rows.
        tables: String,
    },
    /// The process that has the store open doesn't answer.
    #[error("the process that runs the projection does not answer on {}", socket.display())]
    Process {
        /// Where it was asked.
        socket: PathBuf,
        /// What the operating system reports.
        source: io::Error,
    },
    /// The process that runs the projection refused the question.
    #[error("the process that runs the projection answers: {message}")]
    Refused {
        /// Its words.
        message: String,
    },
    /// A row can't be handed on.
    #[error("the answer can't be written")]
    Write(#[from] io::Error),
}
