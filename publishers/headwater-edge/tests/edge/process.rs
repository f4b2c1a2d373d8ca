use std::fs;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

use super::bed::{GATE_AGENT, registry};
use super::client::PATIENCE;

/// The service as a process, with its contract in a directory of its own.
pub(crate) struct Process {
    directory: TempDir,
    command: Command,
}

/// A process that takes events.
pub(crate) struct Running {
    pub(crate) address: String,
    child: Child,
    stderr: Lines<BufReader<ChildStderr>>,
    _directory: TempDir,
}

impl Process {
    pub(crate) fn new(server: &str) -> Self {
        Self::listening_on(server, "127.0.0.1:0")
    }

    pub(crate) fn listening_on(server: &str, address: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let contract = directory.path().join("contract.toml");
        fs::write(&contract, GATE_AGENT).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_headwater-edge"));
        command.args(["--server", server, "--listen", address, "--connect-timeout", "1"]);
        command.arg("--registry").arg(registry()).arg("--contract").arg(contract);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        for (name, _) in std::env::vars() {
            if name.starts_with("NATS_") || name.starts_with("HEADWATER_") {
                command.env_remove(name);
            }
        }
        Self { directory, command }
    }

    pub(crate) fn contract(self, text: &str) -> Self {
        fs::write(self.directory.path().join("contract.toml"), text).unwrap();
        self
    }

    pub(crate) fn args(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    /// Runs it to its end; returns its exit code and what it said.
    pub(crate) async fn ends(mut self) -> (i32, String) {
        let output = timeout(PATIENCE, self.command.output()).await.expect("it doesn't end").unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }

    /// Waits until it takes events.
    pub(crate) async fn start(mut self) -> Running {
        let mut child = self.command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        let listening = async {
            let mut said = String::new();
            while let Some(line) = stderr.next_line().await.unwrap() {
                if let Some((_, rest)) = line.split_once("\"address\":\"") {
                    return rest.split('"').next().unwrap().to_owned();
                }
                said += &line;
            }
            panic!("it ended: {said}")
        };
        let address = timeout(PATIENCE, listening).await.expect("it doesn't listen");
        Running { address, child, stderr, _directory: self.directory }
    }
}

impl Running {
    pub(crate) async fn terminate(&self) {
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", self.child.id().unwrap())])
            .status()
            .await;
        assert!(sent.unwrap().success());
    }

    /// Waits until it says something.
    pub(crate) async fn says(&mut self, text: &str) {
        let saying = async {
            while let Some(line) = self.stderr.next_line().await.unwrap() {
                if line.contains(text) {
                    return;
                }
            }
            panic!("it ended without saying {text:?}")
        };
        timeout(PATIENCE, saying).await.expect("it doesn't say it")
    }

    pub(crate) async fn ends(mut self) -> i32 {
        timeout(PATIENCE, self.child.wait()).await.expect("it doesn't end").unwrap().code().unwrap()
    }
}
