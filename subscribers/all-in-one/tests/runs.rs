//! The whole system, as its user runs it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use headwater_log::testkit::Server;
use serde_json::{Value, json};
use tempfile::TempDir;

/// What the committed week amounts to: scheduled, departed, arrived, cancelled, diverted, and weather.
const WEEK_FLIGHT_EVENTS: u64 = 6099 + 6064 + 6043 + 35 + 21;
const WEEK_EVENTS: u64 = WEEK_FLIGHT_EVENTS + 498;

fn all_in_one(options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_all-in-one"));
    command.args(options).env_remove("HEADWATER_LOG");
    command
}

fn json_of(output: &Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}; on stderr: {errors}"))
}

fn assert_is_the_week(report: &Value) {
    assert_eq!(report["events"], WEEK_EVENTS);
    for name in ["departure-board", "delay-stats"] {
        assert_eq!(report["projections"][name]["equal"], true, "{name}");
        assert_eq!(report["projections"][name]["position"], WEEK_FLIGHT_EVENTS, "{name}");
    }
}

#[test]
fn runs_the_week_and_equals_the_records() {
    let output = all_in_one(&["--format", "json"]).output().unwrap();
    let report = json_of(&output);
    assert!(output.status.success(), "{output:?}");
    assert_is_the_week(&report);
    assert_eq!(report["published"], WEEK_EVENTS);
    for number in ["seconds", "events_per_second", "peak_rss_bytes"] {
        assert!(report[number].as_f64().unwrap() > 0.0, "{number}");
    }
    // From the records with a few lines of another language.
    let stats = &report["projections"]["delay-stats"];
    assert_eq!(
        stats["total"],
        json!({
            "scheduled": 6099, "departed": 6064, "arrived": 6043, "cancelled": 35, "diverted": 21,
            "departed_15_late": 1145,
            "departure_delay": {"count": 6064, "sum": 55794, "min": -19, "max": 853},
            "arrival_delay": {"count": 6043, "sum": 23514, "min": -70, "max": 851},
        })
    );
    let keys = |list: &str| -> Vec<String> {
        stats[list].as_array().unwrap().iter().map(|row| row["key"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(keys("by_origin"), ["EWR", "JFK", "LGA"]);
    assert_eq!(keys("by_hour")[..2], ["5", "6"]);
    assert_eq!(keys("by_carrier").len(), 15);
}

#[test]
fn prints_the_board_and_the_delays_for_people() {
    let output = all_in_one(&["--airport", "JFK", "--at", "2013-01-03T22:00:00Z"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("Departures from JFK on Thursday, 3 January 2013, 17:00"), "{text}");
    assert!(text.contains("departure-board, at sequence 18262: equals the records"), "{text}");
    assert!(text.contains("delay-stats, at sequence 18262: equals the records"), "{text}");
    assert!(text.contains("events a second"), "{text}");
}

#[test]
fn goes_on_after_a_run_that_was_complete_and_publishes_nothing_twice() {
    let data = TempDir::new().unwrap();
    let options = ["--format", "json", "--data", data.path().to_str().unwrap()];
    assert!(all_in_one(&options).output().unwrap().status.success());
    let output = all_in_one(&options).output().unwrap();
    let report = json_of(&output);
    assert_is_the_week(&report);
    assert_eq!(report["published"], 0);
}

/// Kills a run as soon as `reached` says so, or lets it end.
fn kill_when(mut command: Command, reached: impl Fn() -> bool) -> bool {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    let ended = loop {
        let ended = child.try_wait().unwrap().is_some();
        if ended || reached() || Instant::now() > deadline {
            break ended;
        }
        std::thread::yield_now();
    };
    // SIGKILL on Unix.
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(Instant::now() < deadline, "the run neither ended nor came far enough to be killed");
    !ended
}

fn size_of(directory: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    let size = |entry: fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => size_of(&entry.path()),
        _ => entry.metadata().map_or(0, |metadata| metadata.len()),
    };
    entries.flatten().map(size).sum()
}

#[test]
fn ends_with_the_same_state_however_often_it_is_killed() {
    let data = TempDir::new().unwrap();
    let options = ["--format", "json", "--rate", "15000", "--data", data.path().to_str().unwrap()];
    let mut killed = 0;
    for _ in 0..6 {
        // What is killed has changed something: it has written to its log since it was started.
        let before = size_of(data.path());
        let begin = Instant::now();
        let after = Duration::from_millis(150 + 130 * killed);
        let reached = || begin.elapsed() > after && size_of(data.path()) > before;
        if kill_when(all_in_one(&options), reached) {
            killed += 1;
        }
    }
    assert!(killed >= 3, "only {killed} runs were killed; the others ended first");
    let output = all_in_one(&["--format", "json", "--data", data.path().to_str().unwrap()]).output().unwrap();
    assert_is_the_week(&json_of(&output));
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_on_a_nats_server_and_goes_on_there_after_a_kill() {
    let server = Server::start().await.unwrap();
    let data = TempDir::new().unwrap();
    let options = ["--format", "json", "--log", &server.url(), "--data", data.path().to_str().unwrap()];
    let begin = Instant::now();
    kill_when(all_in_one(&options), || begin.elapsed() > Duration::from_millis(700));
    let output = all_in_one(&options).output().unwrap();
    assert_is_the_week(&json_of(&output));
    assert!(output.status.success(), "{output:?}");
    let report = json_of(&all_in_one(&options).output().unwrap());
    assert_is_the_week(&report);
    assert_eq!(report["published"], 0);
}

#[test]
fn says_in_one_line_that_a_server_is_unreachable() {
    let output = all_in_one(&["--log", "nats://127.0.0.1:1"]).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(5), "{errors}");
    assert_eq!(errors.trim_end().lines().count(), 1, "{errors}");
    assert!(errors.starts_with("error: no NATS server at nats://127.0.0.1:1 "), "{errors}");
}

#[test]
fn refuses_bad_options_with_the_code_of_bad_options() {
    for (option, words) in [
        (["--log", "redis://somewhere"], "redis"),
        (["--log", "embeded"], "nats://127.0.0.1:4222"),
        (["--rate", "0"], "0.001"),
        (["--rate", "fast"], "fast"),
        (["--format", "xml"], "xml"),
        (["--airport", "Newark"], "Newark"),
        (["--at", "noon"], "noon"),
        (["--records", "/nonexistent"], "/nonexistent"),
    ] {
        let output = all_in_one(&option).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{option:?}: {errors}");
        assert!(errors.contains(words), "{option:?}: {errors}");
    }
}

#[test]
fn refuses_a_data_directory_that_another_run_uses() {
    let data = TempDir::new().unwrap();
    let options = ["--rate", "100", "--data", data.path().to_str().unwrap()];
    let mut first = all_in_one(&options).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while !data.path().join("projections/delay-stats").exists() {
        assert!(Instant::now() < deadline, "the first run has opened nothing");
        std::thread::yield_now();
    }
    let output = all_in_one(&options).output().unwrap();
    first.kill().unwrap();
    first.wait().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(errors.contains("in use by another process"), "{errors}");
}

/// The week with some rows that can't be read.
fn damaged_records(directory: &Path) {
    let records =
        |path: &str| -> PathBuf { Path::new(env!("CARGO_MANIFEST_DIR")).join("../../publishers").join(path) };
    let flights = fs::read_to_string(records("flight-ops/records/flights.csv")).unwrap();
    let mut lines: Vec<String> = flights.lines().map(str::to_owned).collect();
    lines[10] = lines[10].replacen(',', ",x", 3);
    lines.insert(20, "2013,1".to_owned());
    fs::write(directory.join("flights.csv"), lines.join("\n")).unwrap();
    fs::copy(records("flight-ops/records/airports.csv"), directory.join("airports.csv")).unwrap();
    fs::copy(records("weather-station/records/weather.csv"), directory.join("weather.csv")).unwrap();
}

#[test]
fn skips_rows_that_cannot_be_read_and_says_so() {
    let records = TempDir::new().unwrap();
    damaged_records(records.path());
    let output =
        all_in_one(&["--format", "json", "--records", records.path().to_str().unwrap()]).output().unwrap();
    let report = json_of(&output);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{errors}");
    assert_eq!(report["rows_skipped"], 2);
    assert_eq!(report["projections"]["delay-stats"]["equal"], true, "{errors}");
    assert_eq!(report["projections"]["departure-board"]["equal"], true, "{errors}");
    assert_eq!(report["projections"]["delay-stats"]["total"]["scheduled"], 6098);
    for place in ["flights.csv:11", "flights.csv:21"] {
        assert!(errors.contains(place), "{place} is not named: {errors}");
    }
}
