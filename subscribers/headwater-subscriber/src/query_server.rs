use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::query::{Line, Question, limit};
use crate::{BuildStatus, Positions, QueryError, View};

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// What answers queries, which may be another build's state.
    pub(crate) view: View,
    /// The state of the build that the process works on.
    pub(crate) own: View,
    /// How that build stood of late.
    pub(crate) status: watch::Receiver<BuildStatus>,
}

/// How long the state may take to say its positions: less than whoever asks waits.
const POSITIONS_LIMIT: Duration = Duration::from_secs(2);

impl Asked {
    /// How the build stands, at the positions of now: who has read a row of it is told no earlier ones.
    fn status(&self) -> BuildStatus {
        let mut status = self.status.borrow().clone();
        if let Some(positions) = self.positions() {
            status.positions.advance(&positions);
        }
        status
    }

    /// Nothing when the state is in a database that doesn't answer in time; the thread ends when that has its own limit.
    fn positions(&self) -> Option<Positions> {
        let (said, heard) = mpsc::channel();
        let own = self.own.clone();
        let reading = move || said.send(own.positions());
        thread::Builder::new().name("positions".to_owned()).spawn(reading).ok()?;
        let positions = heard.recv_timeout(POSITIONS_LIMIT).ok()?;
        positions.inspect_err(|error| tracing::debug!(%error, "the positions of now can't be read")).ok()
    }
}

/// Answers questions about a projection until it is dropped.
#[derive(Debug)]
pub(crate) struct QueryServer {
    accepting: AbortHandle,
    socket: PathBuf,
}

impl QueryServer {
    /// Listens on `socket`. A projection that can't be asked is still built, so a failure is only logged.
    pub(crate) fn start(socket: PathBuf, asked: Asked) -> Option<Self> {
        let listening = Self::listen(socket.clone(), asked);
        if let Err(error) = &listening {
            let remedy = match error.kind() {
                io::ErrorKind::InvalidInput => "name a shorter directory with --data",
                _ => "make the directory of --data writable for this process",
            };
            tracing::warn!(
                socket = %socket.display(),
                %error,
                remedy,
                "nobody can ask the projection while it runs"
            );
        }
        listening.ok()
    }

    fn listen(socket: PathBuf, asked: Asked) -> io::Result<Self> {
        // Left behind by a process that was killed; the store's lock says that there is no other.
        match std::fs::remove_file(&socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&socket)?;
        let accepting = tokio::spawn(async move {
            loop {
                let taken = match listener.accept().await {
                    Ok((stream, _)) => take(stream, asked.clone()),
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
fn take(stream: UnixStream, asked: Asked) -> io::Result<()> {
    let stream = stream.into_std()?;
    thread::Builder::new().name("query".to_owned()).spawn(move || {
        if let Err(error) = answer(&stream, &asked) {
            tracing::debug!(%error, "a question about the projection was not answered");
        }
    })?;
    Ok(())
}

fn answer(stream: &std::os::unix::net::UnixStream, asked: &Asked) -> io::Result<()> {
    limit(stream)?;
    let mut question = String::new();
    BufReader::new(io::Read::take(stream, 64 * 1024)).read_line(&mut question)?;
    let mut out = BufWriter::new(stream);
    let mut send = |line: &Line| -> io::Result<()> {
        serde_json::to_writer(&mut out, line)?;
        out.write_all(b"\n")
    };
    match serde_json::from_str::<Question>(&question) {
        Err(error) => send(&Line::Error(format!("the question can't be read: {error}")))?,
        Ok(Question::Status) => {
            send(&Line::Status(asked.status()))?;
            send(&Line::End)?;
        }
        Ok(Question::Rows(query)) => match query.rows(&asked.view, |row| Ok(send(&Line::Row(row))?)) {
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
    use std::path::Path;
    use std::sync::Arc;

    use headwater_event::Fingerprint;
    use headwater_log::Checkpoint;
    use jiff::Timestamp;
    use tempfile::TempDir;

    use super::*;
    use crate::front::Shown;
    use crate::overlay::Overlay;
    use crate::partition::Partition;
    use crate::state::State;
    use crate::store::Write;
    use crate::{BuildId, Builds, Query, Row, Snapshot, Standing, Store, StoreError, StoreKind, Table, Tx};

    const STOCK: Table<String, u64> = Table::new("stock");
    const STOCKTAKE: Table<String, String> = Table::new("stock-take");

    /// The live build of a projection, with two tables whose names begin alike.
    struct Shop {
        builds: Builds,
        state: State,
    }

    impl Shop {
        fn open(data: &Path) -> Self {
            let (builds, build) = (Builds::new(data, "shop"), BuildId::default());
            let mut state = State::open(&StoreKind::Sled.into(), &builds, &build, Partition::WHOLE).unwrap();
            builds.take_over(&build).unwrap();
            let mut overlay = Overlay::default();
            let mut tx = Tx::new(&state, &mut overlay).unwrap();
            for (key, value) in [("pears", 3), ("apples", 7), ("stock", 1)] {
                STOCK.put(&mut tx, &key.to_owned(), value).unwrap();
            }
            STOCKTAKE.put(&mut tx, &"may".to_owned(), "all \"there\"\nno loss".to_owned()).unwrap();
            state.commit(overlay.take_writes().unwrap(), &[]).unwrap();
            Self { builds, state }
        }

        /// Commits as if the event with this sequence had been applied.
        fn reach(&mut self, sequence: u64) {
            let event = Fingerprint::new("event", "");
            let checkpoint = Checkpoint { created: Timestamp::UNIX_EPOCH, sequence, event };
            self.state.commit(Vec::new(), &[("goods".parse().unwrap(), checkpoint)]).unwrap();
        }

        fn socket(&self) -> PathBuf {
            self.builds.socket(&BuildId::default())
        }

        fn serve(&self) -> Option<QueryServer> {
            self.serve_showing(self.state.view(), self.state.view())
        }

        /// Answers from `view`, for a build whose state is `own`.
        fn serve_showing(&self, view: View, own: View) -> Option<QueryServer> {
            let status = BuildStatus {
                build: BuildId::default(),
                standing: Standing::Live,
                positions: Positions::from_iter([("goods".parse().unwrap(), 0)]),
                remaining: Some(7),
                events_per_s: 3.5,
            };
            let status = watch::Sender::new(status).subscribe();
            QueryServer::start(self.socket(), Asked { view, own, status })
        }

        fn status(&self, data: &Path) -> BuildStatus {
            let running = crate::running_builds(data, "shop").unwrap();
            let [status] = &running[..] else { panic!("{running:?}") };
            status.clone()
        }
    }

    /// A store that doesn't answer, as a database may not.
    #[derive(Debug)]
    struct Silent;

    impl Store for Silent {
        fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
            loop {
                thread::park();
            }
        }

        fn commit(&self, _: Vec<Write>) -> Result<(), StoreError> {
            Ok(())
        }

        fn flush(&self) -> Result<(), StoreError> {
            Ok(())
        }
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
        let shop = Shop::open(directory.path());
        let server = shop.serve().unwrap();
        assert_answers(directory.path());
        drop(server);
        assert!(!shop.socket().exists());
        drop(shop);
        // The task that has accepted questions lets go of the store soon, and not at once.
        drop(Shop::open(directory.path()));
        assert_answers(directory.path());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn says_how_its_build_stands() {
        let directory = TempDir::new().unwrap();
        let shop = Shop::open(directory.path());
        assert_eq!(crate::running_builds(directory.path(), "shop").unwrap(), []);
        let _server = shop.serve().unwrap();
        let status = shop.status(directory.path());
        assert_eq!(
            (status.standing, status.remaining, status.seconds_left()),
            (Standing::Live, Some(7), Some(2.0))
        );
        assert_eq!(status.positions.to_string(), "goods=0");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn says_the_positions_of_now_which_cover_every_row_that_was_read() {
        let directory = TempDir::new().unwrap();
        let mut shop = Shop::open(directory.path());
        let _server = shop.serve().unwrap();
        for sequence in 1..=3 {
            shop.reach(sequence);
            assert_eq!(shop.status(directory.path()).positions.of("goods"), sequence);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn says_the_positions_of_its_own_build_while_it_shows_another_one() {
        let (directory, elsewhere) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let (mut shop, mut live) = (Shop::open(directory.path()), Shop::open(elsewhere.path()));
        shop.reach(4);
        live.reach(9);
        let _server = shop.serve_showing(live.state.view(), shop.state.view()).unwrap();
        assert_eq!(shop.status(directory.path()).positions.of("goods"), 4);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn says_the_positions_of_late_when_its_state_does_not_answer() {
        let directory = TempDir::new().unwrap();
        let shop = Shop::open(directory.path());
        let silent: Arc<dyn Store> = Arc::new(Silent);
        let silent = View::new(Shown::new(silent.into()));
        let _server = shop.serve_showing(shop.state.view(), silent).unwrap();
        assert_eq!(shop.status(directory.path()).positions.to_string(), "goods=0");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn takes_the_place_of_a_process_that_was_killed() {
        let directory = TempDir::new().unwrap();
        let shop = Shop::open(directory.path());
        // A listener that nobody closes leaves its file behind, as a killed process does.
        drop(std::os::unix::net::UnixListener::bind(shop.socket()).unwrap());
        let error = ask(directory.path(), &Query::default()).unwrap_err();
        assert!(error.to_string().contains("does not answer on"), "{error}");
        let _server = shop.serve().unwrap();
        assert_answers(directory.path());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_path_that_no_socket_can_have_is_no_reason_to_fail() {
        let directory = TempDir::new().unwrap();
        let deep = directory.path().join("d".repeat(120));
        let shop = Shop::open(&deep);
        assert!(shop.serve().is_none());
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
        let shop = Shop::open(directory.path());
        let _server = shop.serve().unwrap();
        let mut stream = std::os::unix::net::UnixStream::connect(shop.socket()).unwrap();
        stream.write_all(b"rows, please\n").unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        assert!(answer.starts_with(r#"{"error":"the question can't be read: "#), "{answer}");
    }
}
