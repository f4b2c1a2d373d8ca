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
    position.wait_for(|position| position.of("orders") == 3).await.unwrap();
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
    PROJECTION  BUILD         STATE  PROCESS  POSITION  BEHIND  LEFT  TABLES
    revenue     cb2eb8842ba4  live   stopped  orders=3       -     -  customers, payments
    ");
    insta::assert_snapshot!(projection(&data, &["ls", "--format", "json"]).done(), @r#"
    [
    {"name":"revenue","build":"cb2eb8842ba4","state":"live","running":false,"positions":{"orders":3},"tables":["customers","payments"]}
    ]
    "#);
    let _open = View::open(data.path(), "revenue").unwrap();
    insta::assert_snapshot!(projection(&data, &["ls"]).done(), @"
    PROJECTION  BUILD         STATE  PROCESS  POSITION  BEHIND  LEFT  TABLES
    revenue     cb2eb8842ba4  live   running         -       -     -  -
    ");
    let error = projection(&data, &["get", "revenue"]).failed(1);
    assert!(error.contains("does not answer on"), "{error}");

    let missing = run(["projection", "ls", "--data", "/no/such/directory"]).failed(2);
    assert!(missing.contains("the directory /no/such/directory can't be read"), "{missing}");
}

#[tokio::test]
async fn rolls_a_build_back_and_promotes_it_again() {
    let data = built().await;
    let live = headwater_subscriber::Builds::new(data.path(), "revenue").register().unwrap().live.unwrap();
    let error = projection(&data, &["rollback", "revenue"]).failed(1);
    assert!(error.contains("no earlier build is kept in"), "{error}");
    let error = projection(&data, &["promote", "revenue", "0123456789ab"]).failed(1);
    assert!(
        error.contains(&format!(
            "there is no build 0123456789ab in {}",
            data.path().join("revenue").display()
        )),
        "{error}"
    );
    assert!(error.contains(&format!("there are: {live}")), "{error}");
    let refused = projection(&data, &["promote", "revenue", "seven"]);
    assert!(refused.code == Some(2) && refused.err.contains("names no build"), "{refused:?}");

    // An earlier one, as the service of an earlier version would have left it.
    let earlier = data.path().join("revenue/0123456789ab");
    copy(&data.path().join("revenue").join(live.as_str()), &earlier);
    assert_eq!(
        projection(&data, &["promote", "revenue", "0123456789ab"]).done(),
        "revenue: build 0123456789ab is live\n"
    );
    insta::assert_snapshot!(projection(&data, &["ls"]).done(), @"
    PROJECTION  BUILD         STATE  PROCESS  POSITION  BEHIND  LEFT  TABLES
    revenue     0123456789ab  live   stopped  orders=3       -     -  customers, payments
    revenue     cb2eb8842ba4  kept   stopped  orders=3       -     -  customers, payments
    ");
    insta::assert_snapshot!(projection(&data, &["rollback", "revenue"]).done(), @"
    revenue: build cb2eb8842ba4 is live again, and 0123456789ab is held back
    to go on from there, start the version of the service that has built it
    `headwater projection promote revenue 0123456789ab` undoes this
    ");
    insta::assert_snapshot!(projection(&data, &["ls"]).done(), @"
    PROJECTION  BUILD         STATE  PROCESS  POSITION  BEHIND  LEFT  TABLES
    revenue     0123456789ab  held   stopped  orders=3       -     -  customers, payments
    revenue     cb2eb8842ba4  live   stopped  orders=3       -     -  customers, payments
    ");
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// A build whose state is in a database, as its service has noted it.
fn in_a_database(data: &TempDir, build: &str) {
    let directory = data.path().join("revenue").join(build);
    std::fs::create_dir_all(&directory).unwrap();
    let place = format!(r#"{{"schema":"revenue_{build}","database":"the database board on db:5432"}}"#);
    std::fs::write(directory.join("elsewhere.json"), place).unwrap();
}

#[test]
fn says_where_the_state_is_that_it_can_not_open() {
    let data = TempDir::new().unwrap();
    in_a_database(&data, "0123456789ab");
    in_a_database(&data, "ba9876543210");
    projection(&data, &["promote", "revenue", "0123456789ab"]).done();
    insta::assert_snapshot!(projection(&data, &["promote", "revenue", "ba9876543210"]).done(), @"
    revenue: build ba9876543210 is live
    no process of it runs, so its views in the database follow when one is started
    ");
    insta::assert_snapshot!(projection(&data, &["ls"]).done(), @"
    PROJECTION  BUILD         STATE  PROCESS  POSITION  BEHIND  LEFT  TABLES
    revenue     0123456789ab  kept   stopped         -       -     -  -
    revenue     ba9876543210  live   stopped         -       -     -  -
    ");
    let error = projection(&data, &["get", "revenue"]).failed(1);
    assert!(
        error.contains(r#"is in the schema "revenue_ba9876543210" of the database board on db:5432"#),
        "{error}"
    );
    assert!(error.contains("or read it with SQL"), "{error}");
    let rolled_back = projection(&data, &["rollback", "revenue"]).done();
    assert!(rolled_back.contains("its views in the database follow when one is started"), "{rolled_back}");
}
