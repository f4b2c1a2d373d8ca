//! The command on an embedded log's directory.

use std::path::Path;

use headwater_log::EmbeddedLog;
use tempfile::TempDir;

use crate::command::{Ran, run};
use crate::orders;

/// A log that nobody has open.
async fn log_with_three_events() -> TempDir {
    let directory = TempDir::new().unwrap();
    let log = EmbeddedLog::open(directory.path()).unwrap();
    orders::store_three_events(&log).await;
    directory
}

fn with_log(directory: &Path, arguments: &[&str]) -> Ran {
    run([arguments, &["--log-dir", directory.to_str().unwrap()]].concat())
}

#[tokio::test]
async fn reads_the_directory_and_not_nats() {
    let directory = log_with_three_events().await;
    let streams = with_log(directory.path(), &["stream", "ls"]).done();
    let words: Vec<_> = streams.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!((&words[..4], words[5]), (&["orders", "EVT_orders", "3", "3"][..], "1"));

    let tail = with_log(directory.path(), &["events", "tail", "orders"]).done();
    insta::assert_snapshot!(tail, @r#"
           1  2013-01-01T10:00:00Z  order.placed.v1       7  {"order":"7","customer":"Ana"}
           2  2013-01-01T10:05:00Z  order.paid.v1         7  {"order":"7","cents":300}
           3  2013-01-01T10:07:30.5Z  order.placed.v1       8  {"order":"8","customer":"Bo"}
    "#);
    let event = with_log(directory.path(), &["events", "get", "EVT_orders", "2"]).done();
    assert!(event.contains("\"cents\": 300"), "{event}");
}

#[tokio::test]
async fn a_log_that_is_in_use_is_said_to_be() {
    let directory = log_with_three_events().await;
    let _log = EmbeddedLog::open(directory.path()).unwrap();
    let error = with_log(directory.path(), &["stream", "ls"]).failed(5);
    assert!(error.contains("is in use by another process"), "{error}");
}

#[test]
fn a_typing_error_makes_no_new_log() {
    let directory = TempDir::new().unwrap();
    let missing = directory.path().join("lgo");
    let error = with_log(&missing, &["stream", "ls"]).failed(2);
    assert_eq!(
        error,
        format!(
            "error: there is no embedded log in {}; name the directory in which a service keeps it\n",
            missing.display()
        )
    );
    assert!(!missing.exists());
}
