//! A relay in a process of its own, which can be killed and stopped.

use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Duration;

use headwater_outbox::Relay;
use tokio_util::sync::CancellationToken;

use crate::bed::{Bed, eventually, jetstream};

/// Where the process finds what to do: the database's address, the broker's, and its own name.
pub(crate) const ARGUMENTS: &str = "HEADWATER_TEST_RELAY";

/// What the process does.
pub(crate) fn run(arguments: &str) -> ExitCode {
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let [postgres, broker, name] = arguments[..] else { return ExitCode::FAILURE };
    let mut config: tokio_postgres::Config = postgres.parse().unwrap();
    config.application_name(name);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let relay = Relay::new(config, jetstream(broker).await).poll_every(Duration::from_millis(100));
        relay.run(CancellationToken::new()).await.unwrap();
    });
    ExitCode::SUCCESS
}

/// Its owner's side. Dropping it kills the process.
pub(crate) struct RelayProcess {
    pub(crate) name: String,
    child: Child,
}

impl RelayProcess {
    pub(crate) fn spawn(bed: &Bed, name: &str) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .env(ARGUMENTS, format!("{} {} {name}", bed.postgres.url(), bed.broker.url()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { name: name.to_owned(), child }
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGSTOP: it does nothing more, and doesn't know it; its kernel goes on answering for it.
    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    /// SIGCONT.
    pub(crate) fn wake(&self) {
        self.signal("CONT");
    }

    fn signal(&self, signal: &str) {
        // The standard library sends no signals, and a shell knows `kill` by itself.
        let status = Command::new("sh").args(["-c", &format!("kill -{signal} {}", self.child.id())]).status();
        assert!(status.unwrap().success());
    }

    /// Waits until this relay works.
    pub(crate) async fn works(&self, bed: &Bed) {
        let client = bed.client().await;
        eventually("the relay works", async || working(&client).await.as_ref() == Some(&self.name)).await;
    }

    /// Waits until it has a connection.
    pub(crate) async fn is_connected(&self, bed: &Bed) {
        let client = bed.client().await;
        let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
        eventually("the relay is connected", async || {
            client.query_one(sessions, &[&self.name]).await.unwrap().get::<_, i64>(0) > 0
        })
        .await;
    }
}

impl Drop for RelayProcess {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).ok();
    }
}

/// The name of the relay that holds the lock.
pub(crate) async fn working(client: &tokio_postgres::Client) -> Option<String> {
    let holder = "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE locktype = 'advisory' AND granted";
    client.query_opt(holder, &[]).await.unwrap().map(|row| row.get(0))
}
