use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use super::deadline::Deadline;
use super::port::Port;
use super::server_builder::Member;
use super::{ServerBuilder, TestkitError, monitor, nats_server, signal};

/// How long a server may take to start, on a machine that runs many tests.
const START_LIMIT: Duration = Duration::from_secs(20);

/// How long a server may take to stop by itself.
const STOP_LIMIT: Duration = Duration::from_secs(10);

const LOG_LINES_SHOWN: usize = 20;

/// One NATS server with JetStream on 127.0.0.1, with its own ports and its own store.
///
/// Dropping it kills the server and removes its store. Its port stays its own while it is down, so that no
/// other test's server answers in its place.
#[derive(Debug)]
pub struct Server {
    settings: ServerBuilder,
    program: PathBuf,
    dir: TempDir,
    client: Port,
    monitor: Port,
    member: Option<Member>,
    child: Option<Child>,
    paused: bool,
}

impl Server {
    /// Starts a server with the default settings and waits until JetStream is ready.
    ///
    /// # Errors
    ///
    /// As [`ServerBuilder::start`].
    pub async fn start() -> Result<Self, TestkitError> {
        Self::builder().start().await
    }

    /// Settings for a server that isn't like the default one.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// Where clients connect: `nats://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port())
    }

    /// The TCP port for clients, the same for the whole life of this value.
    pub fn port(&self) -> u16 {
        self.client.number()
    }

    /// The TCP port of the monitoring pages (`/jsz`, `/connz`, ...), by HTTP.
    pub fn monitor_port(&self) -> u16 {
        self.monitor.number()
    }

    /// The process id; `None` while the server is down.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// The directory in which JetStream keeps its files.
    pub fn store_dir(&self) -> PathBuf {
        self.dir.path().join("store")
    }

    /// The last lines of what the server logged, over all its restarts.
    pub fn log_tail(&self) -> String {
        let log = fs::read(self.log_path()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n")
    }

    /// Kills the process at once (SIGKILL), as a crash would, and waits until it is gone.
    ///
    /// The page cache survives this, so it is not yet a power failure.
    ///
    /// # Errors
    ///
    /// [`TestkitError::NotRunning`] when the server is down already.
    pub async fn kill(&mut self) -> Result<(), TestkitError> {
        let child = self.child.as_mut().ok_or(TestkitError::NotRunning)?;
        child.kill().map_err(TestkitError::io("kill", "nats-server"))?;
        self.wait_for_end("the end of a killed nats-server").await
    }

    /// Stops the process where it is (SIGSTOP), until [`resume`](Self::resume): its connections stay open, and it
    /// answers nothing. So looks a machine that swaps, or a virtual one that is being moved.
    ///
    /// Returns when it stands still.
    ///
    /// # Errors
    ///
    /// [`TestkitError::NotRunning`] when the server is down, and [`TestkitError::Late`] when it doesn't stand still
    /// within ten seconds.
    pub async fn pause(&mut self) -> Result<(), TestkitError> {
        self.check_alive()?;
        self.signal(Signal::STOP)?;
        self.paused = true;
        let deadline = Deadline::after(STOP_LIMIT);
        while !self.child.as_ref().is_none_or(signal::is_stopped) {
            if !deadline.pause().await {
                return Err(self.late("the standstill of a nats-server", deadline.limit()));
            }
        }
        Ok(())
    }

    /// Lets a [paused](Self::pause) process go on (SIGCONT); nothing happens when it isn't paused.
    ///
    /// It goes on with what it has in its buffers, as if no time had passed.
    ///
    /// # Errors
    ///
    /// [`TestkitError::NotRunning`] when the server is down.
    pub fn resume(&mut self) -> Result<(), TestkitError> {
        self.signal(Signal::CONT)?;
        self.paused = false;
        Ok(())
    }

    /// Whether the server runs and isn't paused.
    pub(super) fn is_awake(&self) -> bool {
        self.child.is_some() && !self.paused
    }

    fn signal(&self, signal: Signal) -> Result<(), TestkitError> {
        let child = self.child.as_ref().ok_or(TestkitError::NotRunning)?;
        signal::send(child, signal).map_err(TestkitError::io("send a signal to", "nats-server"))
    }

    /// Asks the server to shut down cleanly, and waits until it has.
    ///
    /// # Errors
    ///
    /// [`TestkitError::NotRunning`] when the server is down already, and [`TestkitError::Late`] when it didn't end
    /// within ten seconds.
    pub async fn stop(&mut self) -> Result<(), TestkitError> {
        // The Go runtime hands it over as the request for a clean end.
        self.signal(Signal::INT)?;
        // Whoever is paused doesn't hear it.
        self.resume()?;
        self.wait_for_end("the end of a nats-server that was asked to stop").await
    }

    /// Starts the server again on the same port with the same store, after ending it cleanly if it runs.
    ///
    /// # Errors
    ///
    /// As [`ServerBuilder::start`].
    pub async fn restart(&mut self) -> Result<(), TestkitError> {
        if self.child.is_some() {
            self.stop().await?;
        }
        self.spawn()?;
        self.wait_for_connections().await?;
        self.wait_for_health().await
    }

    pub(super) async fn prepare(
        settings: &ServerBuilder,
        client: Port,
        member: Option<Member>,
    ) -> Result<Self, TestkitError> {
        // The first call may fetch the program, and blocks meanwhile.
        let program = tokio::task::spawn_blocking(nats_server)
            .await
            .map_err(|error| TestkitError::no_broker(format!("the search for one failed: {error}")))??;
        let temp = std::env::temp_dir();
        let dir = tempfile::Builder::new()
            .prefix("headwater-nats-")
            .tempdir_in(&temp)
            .map_err(TestkitError::io("create a directory in", temp))?;
        Ok(Self {
            settings: settings.clone(),
            program,
            dir,
            client,
            monitor: Port::reserve()?,
            member,
            child: None,
            paused: false,
        })
    }

    pub(super) fn name(&self) -> String {
        format!("headwater-{}", self.port())
    }

    pub(super) fn spawn(&mut self) -> Result<(), TestkitError> {
        let ports_dir = self.ports_dir();
        // A file that a killed server left must not speak for the new one.
        fs::remove_dir_all(&ports_dir).ok();
        fs::create_dir_all(&ports_dir).map_err(TestkitError::io("create", &ports_dir))?;
        let config = self.dir.path().join("nats.conf");
        fs::write(&config, self.config()).map_err(TestkitError::io("write", &config))?;

        let log_path = self.log_path();
        let log = File::options()
            .create(true)
            .append(true)
            .open(&log_path)
            .map_err(TestkitError::io("open", &log_path))?;
        let stdout = log.try_clone().map_err(TestkitError::io("open", &log_path))?;
        let child = Command::new(&self.program)
            .arg("--config")
            .arg(&config)
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(log)
            .spawn()
            .map_err(TestkitError::io("run", &self.program))?;
        (self.child, self.paused) = (Some(child), false);
        Ok(())
    }

    /// Waits until the server has written down its ports, which it does when it accepts connections.
    ///
    /// A connection that succeeds would prove less: it may be to a stranger on the same port.
    pub(super) async fn wait_for_connections(&mut self) -> Result<(), TestkitError> {
        let deadline = Deadline::after(START_LIMIT);
        while !self.has_ports_file() {
            self.check_alive()?;
            if !deadline.pause().await {
                return Err(self.late("a nats-server that accepts connections", deadline.limit()));
            }
        }
        Ok(())
    }

    /// Waits until JetStream has recovered its streams and, in a cluster, caught up with the others.
    pub(super) async fn wait_for_health(&mut self) -> Result<(), TestkitError> {
        let deadline = Deadline::after(START_LIMIT);
        while !monitor::is_healthy(self.monitor_port()).await {
            self.check_alive()?;
            if !deadline.pause().await {
                return Err(self.late("a healthy JetStream", deadline.limit()));
            }
        }
        Ok(())
    }

    fn late(&self, what: &str, waited: Duration) -> TestkitError {
        TestkitError::Late {
            what: format!("{what} on port {}", self.port()),
            waited,
            log: format!("its log ends:\n{}", self.log_tail()),
        }
    }

    fn has_ports_file(&self) -> bool {
        let Some(pid) = self.pid() else { return false };
        let suffix = format!("_{pid}.ports");
        fs::read_dir(self.ports_dir()).is_ok_and(|entries| {
            entries.flatten().any(|entry| entry.file_name().to_string_lossy().ends_with(&suffix))
        })
    }

    fn check_alive(&mut self) -> Result<(), TestkitError> {
        let child = self.child.as_mut().ok_or(TestkitError::NotRunning)?;
        match child.try_wait().map_err(TestkitError::io("wait for", "nats-server"))? {
            None => Ok(()),
            Some(status) => {
                self.child = None;
                Err(TestkitError::Exited { status, log: self.log_tail() })
            }
        }
    }

    async fn wait_for_end(&mut self, what: &str) -> Result<(), TestkitError> {
        let deadline = Deadline::after(STOP_LIMIT);
        loop {
            match self.check_alive() {
                Err(TestkitError::Exited { .. }) => return Ok(()),
                Err(error) => return Err(error),
                Ok(()) if deadline.pause().await => {}
                Ok(()) => return Err(self.late(what, deadline.limit())),
            }
        }
    }

    fn ports_dir(&self) -> PathBuf {
        self.dir.path().join("ports")
    }

    fn log_path(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    fn config(&self) -> String {
        let quoted = |path: &Path| format!("{:?}", path.display().to_string());
        let mut config = format!(
            "server_name: {name}\n\
             listen: \"127.0.0.1:{port}\"\n\
             http: \"127.0.0.1:{monitor}\"\n\
             ports_file_dir: {ports_dir}\n\
             jetstream {{\n  store_dir: {store_dir}\n",
            name = self.name(),
            port = self.port(),
            monitor = self.monitor_port(),
            ports_dir = quoted(&self.ports_dir()),
            store_dir = quoted(&self.store_dir()),
        );
        if self.settings.sync_always {
            config.push_str("  sync_interval: always\n");
        }
        config.push_str("}\n");
        if let Some(bytes) = self.settings.max_payload {
            config.push_str(&format!("max_payload: {bytes}\n"));
        }
        if let Some(member) = &self.member {
            config.push_str(&member.config());
        }
        config.push_str(&self.settings.extra);
        config
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It must be gone before its directory is removed, or it would write new files into it.
            child.kill().and_then(|()| child.wait()).ok();
        }
    }
}
