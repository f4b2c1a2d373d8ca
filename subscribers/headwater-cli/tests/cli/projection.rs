//! The command on the state of a projection that isn't running.

use std::sync::Arc;

use headwater_log::{EmbeddedLog, Log};
use headwater_subscriber::{Projector, View};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::command::{Ran, run};
use crate::orders::{self, Revenue};

/// A directory with the projection of three events.
async fn built() -> TempDir {
    let (directory, log) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let log: Log = Arc::new(EmbeddedLog::open(log.path()).unwrap());
    orders::store_three_events(&*log).await;
    let projector = Projector::<Revenue>::open(directory.path()).unwrap();
    let (mut position, stop) = (projector.position(), CancellationToken::new());
    let building = tokio::spawn(projector.run(log, stop.clone()));
    position.wait_for(|&position| position == 3).await.unwrap();
    stop.cancel();
    building.await.unwrap().unwrap();
    directory
}

fn projection(data: &TempDir, arguments: &[&str]) -> Ran {
    run([&["projection"], arguments, &["--data", data.path().to_str().unwrap()]].concat())
}

#[tokio::test]
async fn prints_all_rows() {
    let data = built().await;
    insta::assert_snapshot!(projection(&data, &["get", "revenue"]).done(), @r#"
    TABLE      KEY  VALUE
    customers  7    "Ana"
    customers  8    "Bo"
    payments   7    {"count":1,"cents":300}
    "#);
    insta::assert_snapshot!(projection(&data, &["get", "revenue", "--format", "json"]).done(), @r#"
    [
    {"table":"customers","key":"7","value":"Ana"},
    {"table":"customers","key":"8","value":"Bo"},
    {"table":"payments","key":"7","value":{"count":1,"cents":300}}
    ]
    "#);
}

#[tokio::test]
async fn prints_the_rows_of_a_table_or_key() {
    let data = built().await;
    let json = |arguments: &[&str]| {
        let out = projection(&data, &[&["get", "revenue", "--format", "json"], arguments].concat()).done();
        let rows: Vec<serde_json::Value> = serde_json::from_str(&out).unwrap();
        rows.iter().map(|row| format!("{} {}", row["table"], row["key"]).replace('"', "")).collect::<Vec<_>>()
    };
    assert_eq!(json(&["--table", "customers"]), ["customers 7", "customers 8"]);
    assert_eq!(json(&["7"]), ["customers 7", "payments 7"]);
    assert_eq!(json(&["7", "--table", "payments"]), ["payments 7"]);
}

#[tokio::test]
async fn says_what_is_not_there() {
    let data = built().await;
    let error = projection(&data, &["get", "revenue", "9"]).failed(1);
    insta::assert_snapshot!(error, @r#"error: the projection revenue has no row with the key "9"; `headwater projection get revenue` shows all rows"#);
    let error = projection(&data, &["get", "revenue", "8", "--table", "payments"]).failed(1);
    assert!(error.contains("no row with the key \"8\" in the table payments"), "{error}");
    let error = projection(&data, &["get", "revenue", "--table", "refunds"]).failed(1);
    assert!(error.contains("there are rows in: customers, payments"), "{error}");
    let error = projection(&data, &["get", "stock"]).failed(1);
    assert!(error.contains("there is no projection in"), "{error}");
}

#[tokio::test]
async fn lists_projections_and_says_which_are_running() {
    let data = built().await;
    std::fs::create_dir(data.path().join("something-else")).unwrap();
    insta::assert_snapshot!(projection(&data, &["ls"]).done(), @"
    PROJECTION  STATE    POSITION  TABLES
    revenue     stopped         3  customers, payments
    ");
    insta::assert_snapshot!(projection(&data, &["ls", "--format", "json"]).done(), @r#"
    [
    {"name":"revenue","running":false,"position":3,"tables":["customers","payments"]}
    ]
    "#);
    let _open = View::open(&data.path().join("revenue")).unwrap();
    insta::assert_snapshot!(projection(&data, &["ls"]).done(), @"
    PROJECTION  STATE    POSITION  TABLES
    revenue     running         -  -
    ");
    let error = projection(&data, &["get", "revenue"]).failed(1);
    assert!(error.contains("does not answer on"), "{error}");

    let missing = run(["projection", "ls", "--data", "/no/such/directory"]).failed(2);
    assert!(missing.contains("the directory /no/such/directory can't be read"), "{missing}");
}
