//! The conformance suite on every kind of store, and what else all of them have to stand: the process that
//! writes is killed, and a directory is opened as another kind.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

use headwater_subscriber::{Builds, Order, Store, StoreError, StoreKind, View, Write, conformance};
use libtest_mimic::{Arguments, Trial};
use tempfile::TempDir;

/// In the process that will be killed: the kind of its store, and where it is.
const VICTIM_KIND: &str = "HEADWATER_TEST_VICTIM_KIND";
const VICTIM: &str = "HEADWATER_TEST_VICTIM";

/// How many rows each commit writes, besides the checkpoint.
const ROWS: usize = 60;

fn main() -> ExitCode {
    if let (Some(kind), Some(directory)) = (std::env::var_os(VICTIM_KIND), std::env::var_os(VICTIM)) {
        let kind = StoreKind::ALL.into_iter().find(|known| known.to_string().as_str() == kind).unwrap();
        return write_until_killed(kind, Path::new(&directory));
    }
    let mut trials = Vec::new();
    for kind in StoreKind::ALL {
        let mut add = |name: &str, run: Box<dyn FnOnce() + Send>| {
            trials.push(Trial::test(format!("{kind}::{name}"), move || {
                run();
                Ok(())
            }));
        };
        for case in conformance::cases() {
            add(&case.name(), Box::new(move || case.run(&kind)));
        }
        macro_rules! add {
            ($($case:ident),* $(,)?) => { $(add(stringify!($case), Box::new(move || $case(kind)));)* };
        }
        add![
            a_killed_process_loses_nothing_that_was_flushed_and_leaves_no_part_of_a_commit,
            a_process_that_is_killed_while_it_opens_its_store_leaves_one_that_can_be_opened,
            a_store_of_another_kind_is_refused_with_the_remedy_and_loses_nothing,
            an_operator_reads_the_state_without_naming_its_kind,
        ];
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Kills the writer in the middle of its work, several times over the same directory.
fn a_killed_process_loses_nothing_that_was_flushed_and_leaves_no_part_of_a_commit(kind: StoreKind) {
    let directory = TempDir::new().unwrap();
    let mut flushed = 0;
    for round in 1..=5 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .env(VICTIM_KIND, kind.to_string())
            .env(VICTIM, directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        let number = |line: &str| line.strip_suffix('.').map(|number| number.parse::<usize>().unwrap());
        let mut said = lines.by_ref().take(7 * round).filter_map(|line| number(&line.unwrap())).last();
        victim.kill().unwrap();
        // What was said before the end counts, but for a line that was cut off.
        said = lines.map_while(Result::ok).filter_map(|line| number(&line)).last().or(said);
        victim.wait().unwrap();
        let said = said.expect("the writer has ended by itself");
        assert!(said > flushed, "round {round}: the writer has done nothing after {flushed}");
        flushed = said;

        let store = kind.open(directory.path()).unwrap();
        let rows: Vec<_> = rows(store.as_ref()).collect();
        assert_eq!(rows.len(), 2 * ROWS + 1);
        let number = rows[0].1;
        assert!(number >= flushed, "round {round}: {number} is there, {flushed} was flushed");
        for (key, value) in rows {
            assert_eq!(value, number, "round {round}: {key:?} is of another commit than the checkpoint");
        }
    }
}

/// Kills the process before it has done anything, while it creates its store or opens it again.
fn a_process_that_is_killed_while_it_opens_its_store_leaves_one_that_can_be_opened(kind: StoreKind) {
    for number in 0..12 {
        let data = TempDir::new().unwrap();
        let directory = data.path().join("store");
        for kill in 0..6 {
            let mut victim = Command::new(std::env::current_exe().unwrap())
                .env(VICTIM_KIND, kind.to_string())
                .env(VICTIM, &directory)
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            // From before it has begun to after it has opened the store.
            thread::sleep(Duration::from_micros((number * 6 + kill) * 400));
            victim.kill().unwrap();
            victim.wait().unwrap();
        }
        if let Err(error) = kind.open(&directory) {
            panic!("directory {number}: {error:?}, and there is {:?}", names(&directory));
        }
    }
}

/// The process that is killed: each commit writes its number to rows of two tables and to the checkpoint;
/// each tenth is flushed, and then said.
fn write_until_killed(kind: StoreKind, directory: &Path) -> ExitCode {
    let store = kind.open(directory).unwrap();
    let begin = rows(store.as_ref()).next().map_or(0, |(_, number)| number);
    let mut stdout = std::io::stdout().lock();
    for number in begin + 1.. {
        let value = || Some(number.to_string().into_bytes());
        let tables = (0..ROWS).flat_map(|row| [format!("one\0{row:03}"), format!("two\0{row:03}")]);
        let mut writes: Vec<_> = tables.map(|key| Write { key: key.into_bytes(), value: value() }).collect();
        writes.push(Write { key: b"\0checkpoint".to_vec(), value: value() });
        store.commit(writes).unwrap();
        if number % 10 == 0 {
            store.flush().unwrap();
            writeln!(stdout, "{number}.").unwrap();
        }
    }
    ExitCode::SUCCESS
}

/// All rows, and the numbers in them; the checkpoint is first.
fn rows(store: &dyn Store) -> impl Iterator<Item = (String, usize)> + use<> {
    let end: &[u8] = &[0xff];
    store.snapshot().unwrap().range(&[]..end, Order::Ascending).map(|entry| {
        let (key, value) = entry.unwrap();
        (String::from_utf8(key).unwrap(), String::from_utf8(value).unwrap().parse().unwrap())
    })
}

fn a_store_of_another_kind_is_refused_with_the_remedy_and_loses_nothing(kind: StoreKind) {
    for other in StoreKind::ALL.into_iter().filter(|&other| other != kind) {
        let directory = TempDir::new().unwrap();
        let write = Write { key: b"a".to_vec(), value: Some(b"1".to_vec()) };
        other.open(directory.path()).unwrap().commit(vec![write]).unwrap();
        let before = names(directory.path());

        let error = kind.open(directory.path()).unwrap_err();
        let (found, wanted) = match &error {
            StoreError::OtherKind { found, wanted, .. } => (*found, wanted.as_str()),
            error => panic!("{error:?}"),
        };
        assert_eq!((found, wanted), (other, kind.to_string().as_str()));
        let line = error.to_string();
        assert!(line.contains(&format!("start the service with --store {other}")), "{line}");
        assert!(line.contains("or move the directory away"), "{line}");

        assert_eq!(names(directory.path()), before);
        assert_eq!(rows(other.open(directory.path()).unwrap().as_ref()).count(), 1);
    }
}

fn an_operator_reads_the_state_without_naming_its_kind(kind: StoreKind) {
    let directory = TempDir::new().unwrap();
    let (builds, build) = (Builds::new(directory.path(), "shop"), "0123456789ab".parse().unwrap());
    let open = || View::open_build(&builds, &build);
    assert!(matches!(open(), Err(StoreError::Missing { .. })));
    let store = kind.open(&builds.directory(&build)).unwrap();
    let write = Write { key: b"stock\0pears".to_vec(), value: Some(b"3".to_vec()) };
    store.commit(vec![write]).unwrap();
    assert!(matches!(open(), Err(StoreError::InUse { .. })));
    drop(store);
    let view = open().unwrap();
    assert_eq!(view.tables().unwrap(), ["stock"]);
    assert_eq!(view.get("stock", "pears").unwrap().unwrap().value.get(), "3");
}

fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
