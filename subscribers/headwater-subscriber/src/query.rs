//! What an operator asks a projection, whether it is running or not.
//!
//! A store lets one process open it. So a running projection answers on a Unix socket beside its build,
//! `<name>/<build>.sock`, which only whoever may write to its directory can reach: a question is a line of JSON,
//! and so is each row of the answer.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::iter;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{BuildStatus, Builds, Row, StoreError, View};

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
    /// Reads the rows of the projection `name` below `data`, from its live build, or from the process that
    /// runs it.
    ///
    /// # Errors
    ///
    /// [`QueryError`] when there is no such projection, or its process doesn't answer; `each` ends the
    /// answer with an error of its own.
    pub fn ask(
        &self,
        data: &Path,
        name: &str,
        mut each: impl FnMut(Row) -> io::Result<()>,
    ) -> Result<(), QueryError> {
        match View::open(data, name) {
            Ok(view) => self.rows(&view, |row| Ok(each(row)?)),
            Err(refused @ (StoreError::InUse { .. } | StoreError::Elsewhere { .. })) => {
                let asked = ask_process(data, name, &Question::Rows(self.clone()), |answer| match answer {
                    Line::Row(row) => each(row),
                    _ => Ok(()),
                });
                match (asked, refused) {
                    // Nobody runs, which is no fault of a process; and the remedy is another one.
                    (Err(QueryError::Process { source, .. }), elsewhere @ StoreError::Elsewhere { .. })
                        if is_nobody(&source) =>
                    {
                        Err(elsewhere.into())
                    }
                    (asked, _) => asked,
                }
            }
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
}

/// What a process is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Question {
    Rows(Query),
    /// How its build stands.
    Status,
}

/// Asks the processes that work on the projection how their builds stand.
///
/// # Errors
///
/// [`QueryError`] when the projection's directory can't be read. A process that doesn't answer is passed over.
pub fn running_builds(data: &Path, name: &str) -> Result<Vec<BuildStatus>, QueryError> {
    let builds = Builds::new(data, name);
    let mut running = Vec::new();
    for build in builds.present().map_err(StoreError::from)? {
        let asked = ask_socket(&builds.socket(&build), &Question::Status, |answer| {
            if let Line::Status(status) = answer {
                running.push(status);
            }
            Ok(())
        });
        if let Err(error) = asked {
            tracing::debug!(%build, %error, "no process answers for the build");
        }
    }
    Ok(running)
}

/// Asks the process that has the live build open: its own, or one that is to replace it.
fn ask_process(
    data: &Path,
    name: &str,
    question: &Question,
    mut each: impl FnMut(Line) -> io::Result<()>,
) -> Result<(), QueryError> {
    let builds = Builds::new(data, name);
    let live = builds.register().map_err(StoreError::from)?.live;
    let others = builds.present().map_err(StoreError::from)?;
    let missing = || StoreError::Missing { directory: data.join(name) };
    let live = live.ok_or_else(missing)?;
    let sockets = iter::once(&live).chain(others.iter().filter(|other| **other != live));
    let sockets: Vec<_> = sockets.map(|build| builds.socket(build)).collect();
    let listening = sockets.iter().find(|socket| UnixStream::connect(socket).is_ok());
    ask_socket(listening.unwrap_or(&builds.socket(&live)), question, &mut each)
}

fn is_nobody(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
}

fn ask_socket(
    socket: &Path,
    question: &Question,
    mut each: impl FnMut(Line) -> io::Result<()>,
) -> Result<(), QueryError> {
    let process = |source| QueryError::Process { socket: socket.to_owned(), source };
    let mut stream = UnixStream::connect(socket).map_err(process)?;
    limit(&stream).map_err(process)?;
    serde_json::to_writer(&mut stream, question).map_err(|error| process(error.into()))?;
    stream.write_all(b"\n").map_err(process)?;
    for line in BufReader::new(stream).lines() {
        match serde_json::from_str(&line.map_err(process)?).map_err(|error| process(error.into()))? {
            Line::Error(message) => return Err(QueryError::Refused { message }),
            Line::End => return Ok(()),
            answer => each(answer)?,
        }
    }
    Err(process(io::Error::from(io::ErrorKind::UnexpectedEof)))
}

/// One line of an answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Line {
    Row(Row),
    Status(BuildStatus),
    Error(String),
    /// All rows were sent: without it, the answer was cut off.
    End,
}

pub(crate) fn limit(stream: &UnixStream) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))
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
