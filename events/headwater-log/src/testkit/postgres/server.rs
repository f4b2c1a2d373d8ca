use std::fs::{self, File};
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::PostgresError;
use super::handshake::accepts_connections;
use super::owner::Owner;
use super::programs::programs;
use crate::testkit::{Port, TestkitError};

/// How long a server may take to start, recovery after a crash included, on a machine that runs many tests.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long the processes of a killed server may take to notice.
const END_LIMIT: Duration = Duration::from_secs(20);

/// How often a condition is looked at while it is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(20);

const LOG_LINES_SHOWN: usize = 20;

/// One PostgreSQL server on 127.0.0.1, with its own port and its own data.
///
/// Dropping it kills the server and removes its data. Its port stays its own while it is down.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    owner: Owner,
    dir: TempDir,
    port: Port,
    running: Option<Running>,
}

/// A server's processes. Each has the other end of the pipe open, so its end is the end of the last of them.
#[derive(Debug)]
struct Running {
    postmaster: Child,
    pipe: ChildStdout,
}

impl Postgres {
    /// Makes an empty database, starts its server, and waits until it accepts connections.
    ///
    /// # Errors
    ///
    /// [`PostgresError`], with the end of the server's log where there is one.
    pub async fn start() -> Result<Self, PostgresError> {
        // The first call may fetch the programs, and blocks meanwhile.
        let preparing = spawn_blocking(Self::prepare).await;
        let mut server = preparing
            .map_err(|error| PostgresError::NoServer { reason: format!("the search failed: {error}") })??;
        server.restart().await?;
        Ok(server)
    }

    /// The database's address: `postgresql://postgres@127.0.0.1:<port>/postgres`.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_through(self.port())
    }

    /// The same through another port of 127.0.0.1, on which a proxy listens.
    #[must_use]
    pub fn url_through(&self, port: u16) -> String {
        format!("postgresql://postgres@127.0.0.1:{port}/postgres")
    }

    /// The TCP port, the same for the whole life of this value.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// The process id; `None` while the server is down.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.postmaster.id())
    }

    /// Kills the server at once (SIGKILL), as a crash would, and waits until all its processes are gone.
    ///
    /// # Errors
    ///
    /// [`PostgresError::NotRunning`] when it is down already.
    pub async fn kill(&mut self) -> Result<(), PostgresError> {
        let running = self.running.take().ok_or(PostgresError::NotRunning)?;
        let ended = spawn_blocking(move || running.end()).await.unwrap_or(false);
        if ended { Ok(()) } else { Err(self.late("the end of a killed server", END_LIMIT)) }
    }

    /// Starts the server again on the same port with the same data, after killing it if it runs.
    ///
    /// # Errors
    ///
    /// [`PostgresError::Late`] when it doesn't accept connections in time.
    pub async fn restart(&mut self) -> Result<(), PostgresError> {
        if self.running.is_some() {
            self.kill().await?;
        }
        self.spawn()?;
        let start = Instant::now();
        loop {
            // A connection that hangs must not outlast the limit.
            if timeout(Duration::from_secs(5), accepts_connections(self.port())).await.unwrap_or(false) {
                return Ok(());
            }
            // One that ended, because the port was taken or a process of the last one was still there, is tried again.
            let ended = self.running.as_mut().is_none_or(|running| running.has_ended());
            if start.elapsed() > START_LIMIT {
                return Err(self.late("a server that accepts connections", START_LIMIT));
            }
            if ended {
                self.spawn()?;
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// The last lines of what the server logged, over all its restarts.
    #[must_use]
    pub fn log_tail(&self) -> String {
        let log = fs::read(self.log_path()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }

    fn prepare() -> Result<Self, PostgresError> {
        let temp = std::env::temp_dir();
        let dir = tempfile::Builder::new()
            .prefix("headwater-postgres-")
            .tempdir_in(&temp)
            .map_err(TestkitError::io("create a directory in", temp))?;
        let owner = Owner::of(dir.path()).map_err(TestkitError::io("find a user for", dir.path()))?;
        owner.give(dir.path()).map_err(TestkitError::io("give away", dir.path()))?;
        let server = Self { programs: programs(owner)?, owner, dir, port: Port::reserve()?, running: None };
        server.initdb()?;
        Ok(server)
    }

    fn initdb(&self) -> Result<(), PostgresError> {
        let program = self.programs.join("initdb");
        let mut command = Command::new(&program);
        let output = self
            .owner
            .run(&mut command)
            // A crash of the test's own machine needn't be survived before the server runs.
            .args(["--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C"])
            .arg("--wal-segsize=4")
            .arg("--pgdata")
            .arg(self.data())
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .output()
            .map_err(TestkitError::io("run", program))?;
        if output.status.success() {
            return Ok(());
        }
        Err(PostgresError::Initdb { reason: String::from_utf8_lossy(&output.stderr).trim().to_owned() })
    }

    fn spawn(&mut self) -> Result<(), PostgresError> {
        let log_path = self.log_path();
        let log = File::options()
            .create(true)
            .append(true)
            .open(&log_path)
            .map_err(TestkitError::io("open", &log_path))?;
        let program = self.programs.join("postgres");
        let mut command = Command::new(&program);
        self.owner.run(&mut command).arg("-D").arg(self.data());
        let port = self.port().to_string();
        for (name, value) in [
            ("listen_addresses", "127.0.0.1"),
            ("port", &port),
            ("unix_socket_directories", ""),
            // Crashes are what these servers are for.
            ("fsync", "on"),
            ("shared_buffers", "16MB"),
            ("max_wal_size", "64MB"),
            ("max_connections", "200"),
        ] {
            command.arg("-c").arg(format!("{name}={value}"));
        }
        let mut postmaster = command
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(TestkitError::io("run", program))?;
        if let Some(pipe) = postmaster.stdout.take() {
            self.running = Some(Running { postmaster, pipe });
        }
        Ok(())
    }

    fn late(&self, what: &'static str, waited: Duration) -> PostgresError {
        PostgresError::Late { what, waited, log: self.log_tail() }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn log_path(&self) -> PathBuf {
        self.dir.path().join("log")
    }
}

impl Running {
    fn has_ended(&mut self) -> bool {
        matches!(self.postmaster.try_wait(), Ok(Some(_)))
    }

    /// Kills the postmaster; its processes end when they notice. Blocks until they have; false when they don't.
    fn end(self) -> bool {
        let Self { mut postmaster, mut pipe } = self;
        postmaster.kill().and_then(|()| postmaster.wait()).ok();
        let (ended, end) = mpsc::channel();
        thread::spawn(move || {
            let mut rest = Vec::new();
            ended.send(pipe.read_to_end(&mut rest).is_ok()).ok();
        });
        end.recv_timeout(END_LIMIT).unwrap_or(false)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            // They must be gone before the directory is removed, or they would write new files into it.
            running.end();
        }
    }
}
