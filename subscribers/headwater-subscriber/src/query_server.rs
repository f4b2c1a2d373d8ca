use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::task::AbortHandle;

use crate::query::{Line, limit, socket};
use crate::{Query, QueryError, View};

/// Answers questions about a projection until it is dropped.
#[derive(Debug)]
pub(crate) struct QueryServer {
    accepting: AbortHandle,
    socket: PathBuf,
}

impl QueryServer {
    /// Listens beside the store of the projection `name` below `directory`. A projection that can't be asked
    /// is still built, so a failure is only logged.
    pub(crate) fn start(directory: &Path, name: &str, view: View) -> Option<Self> {
        let listening = Self::listen(directory, name, view);
        if let Err(error) = &listening {
            let remedy = match error.kind() {
                io::ErrorKind::InvalidInput => "name a shorter directory with --data",
                _ => "make the directory of --data writable for this process",
            };
            tracing::warn!(
                socket = %socket(directory, name).display(),
                %error,
                remedy,
                "nobody can ask the projection while it runs"
            );
        }
        listening.ok()
    }

    fn listen(directory: &Path, name: &str, view: View) -> io::Result<Self> {
        let socket = socket(directory, name);
        // Left behind by a process that was killed; the store's lock says that there is no other.
        match std::fs::remove_file(&socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&socket)?;
        let accepting = tokio::spawn(async move {
            loop {
                let taken = match listener.accept().await {
                    Ok((stream, _)) => take(stream, view.clone()),
                    Err(error) => Err(error),
                };
                if let Err(error) = taken {
                    tracing::warn!(%error, "a question about the projection can't be taken");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        });
        Ok(Self { accepting: accepting.abort_handle(), socket })
    }
}

impl Drop for QueryServer {
    fn drop(&mut self) {
        // First of all, because as soon as the store is closed, this may be another process's. What is
        // left, the next process removes.
        let _ = std::fs::remove_file(&self.socket);
        self.accepting.abort();
    }
}

/// Answers on a thread that nobody waits for: whoever reads slowly delays no shutdown.
fn take(stream: UnixStream, view: View) -> io::Result<()> {
    let stream = stream.into_std()?;
    thread::Builder::new().name("query".to_owned()).spawn(move || {
        if let Err(error) = answer(&stream, &view) {
            tracing::debug!(%error, "a question about the projection was not answered");
        }
    })?;
    Ok(())
}

fn answer(stream: &std::os::unix::net::UnixStream, view: &View) -> io::Result<()> {
    limit(stream)?;
    let mut question = String::new();
    BufReader::new(io::Read::take(stream, 64 * 1024)).read_line(&mut question)?;
    let mut out = BufWriter::new(stream);
    let mut send = |line: &Line| -> io::Result<()> {
        serde_json::to_writer(&mut out, line)?;
        out.write_all(b"\n")
    };
    match serde_json::from_str::<Query>(&question) {
        Err(error) => send(&Line::Error(format!("the question can't be read: {error}")))?,
        Ok(query) => match query.rows(view, |row| Ok(send(&Line::Row(row))?)) {
            Ok(()) => send(&Line::End)?,
            Err(QueryError::Write(error)) => return Err(error),
            Err(error) => send(&Line::Error(headwater_log::service::report(&error)))?,
        },
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use headwater_log::Checkpoint;
    use tempfile::TempDir;

    use super::*;
    use crate::overlay::Overlay;
    use crate::{Row, State, StoreError, StoreKind, Table, Tx};

    const STOCK: Table<String, u64> = Table::new("stock");
    const STOCKTAKE: Table<String, String> = Table::new("stock-take");

    /// A store with two tables, whose names begin alike.
    #[allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]
    fn store(directory: &Path) -> State {
        let mut store = State::open(StoreKind::Sled, &directory.join("shop"), "shop", 1).unwrap();
        let mut overlay = Overlay::default();
        let mut tx = Tx::new(&store, &mut overlay).unwrap();
        for (key, value) in [("pears", 3), ("apples", 7), ("stock", 1)] {
            STOCK.put(&mut tx, &key.to_owned(), value).unwrap();
        }
        STOCKTAKE.put(&mut tx, &"may".to_owned(), "all \"there\"\nno loss".to_owned()).unwrap();
        let checkpoint = r#"{"created":"2013-01-01T00:00:00Z","sequence":4,"event":"00"}"#;
        let checkpoint: Checkpoint = serde_json::from_str(checkpoint).unwrap();
        store.commit(overlay.take_writes().unwrap(), &checkpoint).unwrap();
        store
    }

    fn ask(directory: &Path, query: &Query) -> Result<Vec<String>, QueryError> {
        let mut rows = Vec::new();
        query.ask(directory, "shop", |Row { table, key, value }| {
            rows.push(format!("{table}/{key}={value}"));
            Ok(())
        })?;
        Ok(rows)
    }

    fn table(name: &str) -> Query {
        Query { table: Some(name.to_owned()), key: None }
    }

    /// What is asked, and what is answered, whoever answers.
    #[allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]
    fn assert_answers(directory: &Path) {
        let stocktake = r#"stock-take/may="all \"there\"\nno loss""#;
        let all = ask(directory, &Query::default()).unwrap();
        assert_eq!(all, ["stock/apples=7", "stock/pears=3", "stock/stock=1", stocktake]);
        assert_eq!(ask(directory, &table("stock-take")).unwrap(), [stocktake]);
        let pears = Query { key: Some("pears".to_owned()), ..table("stock") };
        assert_eq!(ask(directory, &pears).unwrap(), ["stock/pears=3"]);
        let plums = Query { key: Some("plums".to_owned()), ..table("stock") };
        assert_eq!(ask(directory, &plums).unwrap(), [""; 0]);
        let error = ask(directory, &table("stok")).unwrap_err().to_string();
        let wanted = "the projection has no rows in a table \"stok\"; there are rows in: stock, stock-take";
        assert!(error.ends_with(wanted), "{error}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn answers_for_a_store_at_rest_as_for_one_in_use() {
        let directory = TempDir::new().unwrap();
        let store = store(directory.path());
        let server = QueryServer::start(directory.path(), "shop", store.view()).unwrap();
        assert_answers(directory.path());
        drop(server);
        assert!(!socket(directory.path(), "shop").exists());
        drop(store);
        // The task that has accepted questions lets go of the store soon, and not at once.
        drop(State::open(StoreKind::Sled, &directory.path().join("shop"), "shop", 1).unwrap());
        assert_answers(directory.path());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn takes_the_place_of_a_process_that_was_killed() {
        let directory = TempDir::new().unwrap();
        let store = store(directory.path());
        // A listener that nobody closes leaves its file behind, as a killed process does.
        drop(std::os::unix::net::UnixListener::bind(socket(directory.path(), "shop")).unwrap());
        let error = ask(directory.path(), &Query::default()).unwrap_err();
        assert!(error.to_string().contains("does not answer on"), "{error}");
        let _server = QueryServer::start(directory.path(), "shop", store.view()).unwrap();
        assert_answers(directory.path());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_path_that_no_socket_can_have_is_no_reason_to_fail() {
        let directory = TempDir::new().unwrap();
        let deep = directory.path().join("d".repeat(120));
        let store = store(&deep);
        assert!(QueryServer::start(&deep, "shop", store.view()).is_none());
        let error = ask(&deep, &Query::default()).unwrap_err();
        assert!(matches!(error, QueryError::Process { .. }), "{error:?}");
    }

    #[test]
    fn says_that_there_is_no_such_projection() {
        let directory = TempDir::new().unwrap();
        let error = ask(directory.path(), &Query::default()).unwrap_err();
        assert!(matches!(error, QueryError::Store(StoreError::Missing { .. })), "{error:?}");
        // And asking makes none.
        assert!(!directory.path().join("shop").exists());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn refuses_a_question_that_is_none() {
        let directory = TempDir::new().unwrap();
        let store = store(directory.path());
        let _server = QueryServer::start(directory.path(), "shop", store.view()).unwrap();
        let mut stream = std::os::unix::net::UnixStream::connect(socket(directory.path(), "shop")).unwrap();
        stream.write_all(b"rows, please\n").unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        assert!(answer.starts_with(r#"{"error":"the question can't be read: "#), "{answer}");
    }
}
