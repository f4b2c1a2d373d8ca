//! A member in a process of its own, which can be killed and stopped.

use std::collections::HashMap;
use std::io::Read as _;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use headwater_log::testkit::Victim;
use headwater_log::{Change, Lease};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::bed::{TIME, eventually, leases_for};
use super::ledger::Ledger;

const MEMBER: &str = "HEADWATER_TEST_MEMBER";

/// What a member is to do.
pub(crate) struct Settings {
    name: String,
    url: String,
    ledger: u16,
    count: u32,
    time: Duration,
}

impl Settings {
    pub(crate) fn of_this_process() -> Option<Self> {
        let settings = std::env::var(MEMBER).ok()?;
        let words: Vec<_> = settings.split(' ').collect();
        let [name, url, ledger, count, time] = words[..] else { panic!("{settings}") };
        Some(Self {
            name: name.to_owned(),
            url: url.to_owned(),
            ledger: ledger.parse().unwrap(),
            count: count.parse().unwrap(),
            time: Duration::from_millis(time.parse().unwrap()),
        })
    }
}

/// A member of the group `shared` that runs until its standard input ends.
pub(crate) fn run(settings: Settings) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(share(settings));
    ExitCode::SUCCESS
}

async fn share(settings: Settings) {
    let leases = leases_for(&settings.url, settings.time).await;
    let mut partitions = leases.share("shared", settings.count, settings.name.clone()).await.unwrap();
    let mut writers: HashMap<u32, Writer> = HashMap::new();
    let (leave, mut told_to_leave) = oneshot::channel();
    std::thread::spawn(move || {
        std::io::stdin().read_to_end(&mut Vec::new()).ok();
        leave.send(()).ok();
    });
    loop {
        let change = tokio::select! {
            change = partitions.next() => change.unwrap().unwrap(),
            _ = &mut told_to_leave => break,
        };
        match change {
            Change::Take { partition, lease } => {
                let writer = Writer::start(partition, lease, &settings);
                assert!(writers.insert(partition, writer).is_none(), "taken twice");
            }
            Change::Give { partition } => {
                if let Some(writer) = writers.remove(&partition) {
                    writer.stop().await;
                }
            }
            Change::Lost { partition, .. } => {
                tell(settings.ledger, "lost".to_owned()).await;
                if let Some(writer) = writers.remove(&partition) {
                    writer.stop().await;
                }
            }
        }
    }
    for (_, writer) in writers {
        writer.stop().await;
    }
    partitions.leave().await;
}

async fn tell(ledger: u16, line: String) {
    let mut stream = TcpStream::connect(("127.0.0.1", ledger)).await.unwrap();
    stream.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    stream.read_exact(&mut [0]).await.unwrap();
}

/// Writes to the ledger as long as the lease is held.
struct Writer {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Writer {
    fn start(partition: u32, lease: Lease, settings: &Settings) -> Self {
        let stop = CancellationToken::new();
        let (line, ledger) = (format!("{partition} {} {}\n", lease.epoch(), settings.name), settings.ledger);
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let stream = TcpStream::connect(("127.0.0.1", ledger)).await.unwrap();
            let (reader, mut writer) = stream.into_split();
            let mut answers = BufReader::new(reader).lines();
            while lease.is_held() && !stopped.is_cancelled() {
                writer.write_all(line.as_bytes()).await.unwrap();
                answers.next_line().await.unwrap();
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
            lease.release().await.ok();
        });
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// Such a process, from outside. It is killed when it is dropped.
pub(crate) struct Process(Victim);

impl Process {
    pub(crate) fn start(name: &str, url: &str, ledger: &Ledger, count: u32) -> Self {
        Self::start_for(name, url, ledger, count, TIME)
    }

    pub(crate) fn start_for(name: &str, url: &str, ledger: &Ledger, count: u32, time: Duration) -> Self {
        let settings = format!("{name} {url} {} {count} {}", ledger.port, time.as_millis());
        let mut command = Command::new(std::env::current_exe().unwrap());
        Self(Victim::start(command.env(MEMBER, settings).stdin(Stdio::piped())).unwrap())
    }

    /// Lets it leave.
    pub(crate) async fn leave(mut self) {
        drop(self.0.stdin.take());
        let child = Mutex::new(&mut self.0);
        let has_ended = || async { child.lock().unwrap().try_wait().unwrap().is_some() };
        eventually("a member that leaves ends", has_ended).await;
        assert!(self.0.wait().unwrap().success());
    }

    /// Stops it where it is, and waits until it stands still.
    pub(crate) async fn stop(&self) {
        self.0.pause().await.unwrap();
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) {
        self.0.resume().unwrap();
    }
}
