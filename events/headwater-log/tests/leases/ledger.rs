use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::bed::eventually;

/// What the partitions' owners write to, over TCP: it takes down every attempt, and refuses epochs that are over.
#[derive(Clone)]
pub(crate) struct Ledger {
    pub(crate) port: u16,
    book: Arc<Mutex<Book>>,
}

#[derive(Default)]
struct Book {
    writes: Vec<Write>,
    highest: BTreeMap<u32, u64>,
    /// How often a member said that it was lost.
    losses: usize,
}

/// An attempt to write.
#[derive(Clone, Debug)]
struct Write {
    partition: u32,
    epoch: u64,
    writer: String,
    accepted: bool,
    at: Instant,
}

/// What the ledger says in the end.
pub(crate) struct Audit {
    pub(crate) accepted: usize,
    pub(crate) rejected: usize,
    /// How often a partition was taken.
    pub(crate) taken: usize,
    pub(crate) losses: usize,
}

impl Ledger {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let book = Arc::<Mutex<Book>>::default();
        let pages = book.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, pages.clone()));
            }
        });
        Self { port, book }
    }

    /// Waits until all partitions are written by these, and only these, each with its fair share, from now on.
    pub(crate) async fn shared_by(&self, count: u32, writers: &[&str]) -> Duration {
        let from = Instant::now();
        let writers: BTreeSet<_> = writers.iter().map(|writer| (*writer).to_owned()).collect();
        let what = format!("{count} partitions are shared by {writers:?}");
        let took = eventually(&what, || async {
            let book = self.book.lock().unwrap();
            let last: BTreeMap<u32, &Write> = book
                .writes
                .iter()
                .filter(|write| write.accepted && write.at >= from)
                .map(|write| (write.partition, write))
                .collect();
            let mut shares: BTreeMap<&String, u32> = BTreeMap::new();
            for write in last.values() {
                *shares.entry(&write.writer).or_default() += 1;
            }
            let even = shares.values().max().unwrap_or(&0) - shares.values().min().unwrap_or(&0) <= 1;
            last.len() == count as usize && even && shares.keys().copied().eq(&writers)
        });
        took.await
    }

    /// Fails unless each epoch had one writer, and nobody's write was accepted after one with a higher epoch.
    pub(crate) fn audit(&self, case: &str) -> Audit {
        let book = self.book.lock().unwrap();
        let mut writers: BTreeMap<(u32, u64), BTreeSet<&str>> = BTreeMap::new();
        let mut last: BTreeMap<u32, &Write> = BTreeMap::new();
        for write in &book.writes {
            writers.entry((write.partition, write.epoch)).or_default().insert(&write.writer);
            if !write.accepted {
                continue;
            }
            if let Some(before) = last.insert(write.partition, write) {
                assert!(before.epoch <= write.epoch, "{before:?} was overtaken by {write:?}");
                assert!(before.epoch < write.epoch || before.writer == write.writer, "{before:?}, {write:?}");
            }
        }
        for (partition, writers) in &writers {
            assert_eq!(writers.len(), 1, "{partition:?} was written by {writers:?}");
        }
        for late in book.writes.iter().filter(|write| !write.accepted) {
            let is_later = |write: &&Write| write.partition == late.partition && write.epoch > late.epoch;
            if let Some(later) = book.writes.iter().find(is_later) {
                let by = late.at - later.at;
                println!("{case}: {} wrote to {} {by:?} after {}", late.writer, late.partition, later.writer);
            }
        }
        let accepted = book.writes.iter().filter(|write| write.accepted).count();
        let audit = Audit {
            accepted,
            rejected: book.writes.len() - accepted,
            taken: writers.len(),
            losses: book.losses,
        };
        println!(
            "{case}: {} writes accepted, {} rejected, partitions taken {} times, members lost {} times",
            audit.accepted, audit.rejected, audit.taken, audit.losses
        );
        audit
    }

    /// How often a partition was taken until now.
    pub(crate) fn taken(&self) -> usize {
        let book = self.book.lock().unwrap();
        book.writes.iter().map(|write| (write.partition, write.epoch)).collect::<BTreeSet<_>>().len()
    }
}

async fn serve(stream: TcpStream, book: Arc<Mutex<Book>>) {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let words: Vec<_> = line.split(' ').collect();
        let answer = match words[..] {
            [partition, epoch, name] => {
                let (partition, epoch): (u32, u64) = (partition.parse().unwrap(), epoch.parse().unwrap());
                let mut book = book.lock().unwrap();
                let highest = book.highest.entry(partition).or_default();
                let accepted = epoch >= *highest;
                *highest = epoch.max(*highest);
                let (writer, at) = (name.to_owned(), Instant::now());
                book.writes.push(Write { partition, epoch, writer, accepted, at });
                if accepted { "ok\n" } else { "rejected\n" }
            }
            _ => {
                book.lock().unwrap().losses += 1;
                "ok\n"
            }
        };
        if writer.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
