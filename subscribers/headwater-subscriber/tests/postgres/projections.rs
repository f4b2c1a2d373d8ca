//! Whole projections in the database, and what query services see of them.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_event::JsonSchema;
use headwater_log::{EmbeddedLog, Log};
use headwater_subscriber::{
    Apply, ApplyError, BuildId, Builds, Event, PostgresConfig, Projection, Projector, ProjectorError,
    ProjectorOptions, Query, QueryError, Recorded, Standing, StoreError, StoreKind, Table, Tx, View,
};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio_postgres::NoTls;

use crate::bed::{Bed, cases, eventually};
use crate::common::revenue::{Revenue, RevenueV2, rows};
use crate::common::running::Running;
use crate::common::shop::{OrderRefunded, paid, publish, publish_all};

cases![
    a_projection_has_the_rows_that_it_has_in_sled_and_shows_them_to_sql,
    a_second_process_of_a_build_is_refused,
    the_state_is_not_looked_for_in_a_directory,
    a_build_in_a_directory_takes_over_from_one_in_the_database,
    whoever_reads_the_views_while_a_build_takes_over_sees_one_build_or_the_other,
    a_build_is_rolled_back_in_the_views_and_their_rights_stay,
    a_reader_that_does_not_end_holds_up_the_views_and_not_the_projection,
    a_reader_of_a_view_holds_up_no_commit_that_makes_its_table,
    readers_wait_for_all_views_together_no_longer_than_for_one,
    a_build_that_was_replaced_is_removed_after_a_time_with_its_schema,
    a_lost_directory_does_not_make_an_unfinished_build_live,
    a_schema_of_something_else_with_the_name_of_the_projection_is_left_as_it_is,
    the_guides_examples_read_rows_with_their_position,
];

/// A log, and a database of its own: the schemas of all projections here have one name.
pub(crate) struct Place {
    pub(crate) log: Log,
    directory: TempDir,
    url: String,
}

impl Place {
    pub(crate) fn new(bed: &Bed) -> Self {
        let name = bed.schema();
        bed.sql(&format!(r#"CREATE DATABASE "{name}""#));
        let url = bed.url().rsplit_once('/').unwrap().0.to_owned();
        let url = format!("{url}/{}", name.replace(' ', "%20"));
        let directory = TempDir::new().unwrap();
        let log = Arc::new(EmbeddedLog::open(directory.path().join("log")).unwrap());
        Self { log, directory, url }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("projections")
    }

    pub(crate) fn config(&self) -> PostgresConfig {
        self.url.parse().unwrap()
    }

    fn options(&self) -> ProjectorOptions {
        ProjectorOptions { store: self.config().into(), ..ProjectorOptions::default() }
    }

    /// So that a rebuild takes a while.
    fn slowly(&self, events_per_s: u32) -> ProjectorOptions {
        ProjectorOptions { rebuild_events_per_s: NonZeroU32::new(events_per_s), ..self.options() }
    }

    fn start<P: Projection>(&self) -> Running<P> {
        Running::start_with(&self.data(), self.options(), &self.log)
    }

    fn builds(&self) -> Builds {
        Builds::new(&self.data(), Revenue::NAME)
    }

    /// Payments, and one refund, which the second version doesn't count.
    async fn built(&self, events: u64) {
        publish(&self.log, paid("first", "ada", 1)).await;
        publish(&self.log, OrderRefunded { order: "r".into(), customer: "ada".into(), cents: 1 }).await;
        publish_all(&self.log, (2..events).map(|order| paid(order, "ada", 1))).await;
        let mut revenue = self.start::<Revenue>();
        revenue.reaches(events).await;
        revenue.stop().await;
    }

    /// What the statements find, a line for each row.
    async fn sql(&self, statements: &str) -> Vec<String> {
        self.try_sql(statements).await.unwrap_or_else(|error| panic!("{error:?}: {statements}"))
    }

    async fn try_sql(&self, statements: &str) -> Result<Vec<String>, tokio_postgres::Error> {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        let driver = tokio::spawn(async move { connection.await.ok() });
        let found = client.simple_query(statements).await;
        driver.abort();
        let row = |message| match message {
            tokio_postgres::SimpleQueryMessage::Row(row) => {
                let values = (0..row.len()).map(|index| row.get(index).unwrap_or("null").to_owned());
                Some(values.collect::<Vec<_>>().join(" "))
            }
            _ => None,
        };
        Ok(found?.into_iter().filter_map(row).collect())
    }

    /// Waits until the views are of the build.
    async fn shows<P: Projection>(&self) {
        let build = BuildId::of::<P>().to_string();
        self.finds("SELECT build FROM revenue.headwater_build", &[&build]).await;
    }

    /// Waits until the statement finds this.
    async fn finds(&self, statement: &str, wanted: &[&str]) {
        let found = async {
            while self.sql(statement).await != wanted {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let found = tokio::time::timeout(crate::bed::PATIENCE, found).await;
        found.unwrap_or_else(|_| panic!("{statement} doesn't find {wanted:?}"));
    }
}

/// Two tables and what they are of, in one transaction.
const READ: &str = r#"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SELECT value FROM revenue.total;
    SELECT count(*) FROM revenue."by-customer";
    SELECT sequence FROM revenue.headwater_checkpoint;
    COMMIT"#;

const OLD: [&str; 3] = ["898", "1", "900"];
const NEW: [&str; 3] = ["899", "0", "900"];

fn a_projection_has_the_rows_that_it_has_in_sled_and_shows_them_to_sql(bed: &Bed) {
    let place = Place::new(bed);
    bed.block_on(async {
        let customers = ["ada", "bob", "Ünal", "o'hara", "tab\tand \"quotes\""];
        let payment = |(customer, order): (&str, u64)| paid(order, customer, order);
        publish_all(&place.log, (0..60).flat_map(|_| customers).zip(0..).map(payment)).await;
        let refunded = OrderRefunded { order: "r".into(), customer: "bob".into(), cents: 1 };
        let last = publish(&place.log, refunded).await;
        let mut here = place.start::<Revenue>();
        here.reaches(last).await;
        let sled_data = place.directory.path().join("sled");
        let mut sled = Running::<Revenue>::start(&sled_data, &place.log);
        sled.reaches(last).await;
        assert_eq!(rows(&here.view), rows(&sled.view));
        assert_eq!(here.view.checkpoints().unwrap(), sled.view.checkpoints().unwrap());

        // Each table is shown as soon as it is there.
        let shown =
            r#"SELECT key, value->'payments', value->'cents' FROM revenue."by-customer" ORDER BY key"#;
        let expected: Vec<_> = rows(&sled.view)
            .iter()
            .filter_map(|row| row.strip_prefix("by-customer/"))
            .map(|row| {
                let (key, value) = row.split_at(row.find(" {").unwrap());
                let value: serde_json::Value = serde_json::from_str(value.trim()).unwrap();
                format!("{key} {} {}", value["payments"], value["cents"])
            })
            .collect();
        assert_eq!(expected.len(), customers.len());
        assert_eq!(place.sql(shown).await, expected);
        assert_eq!(
            place.sql("SELECT domain, sequence FROM revenue.headwater_checkpoint").await,
            [format!("orders {last}")]
        );
        here.stop().await;
        sled.stop().await;
        // Started again, it goes on.
        let mut here = place.start::<Revenue>();
        assert_eq!(here.position(), last);
        let last = publish(&place.log, paid("late", "ada", 1)).await;
        here.reaches(last).await;
        here.stop().await;
    });
}

fn a_second_process_of_a_build_is_refused(bed: &Bed) {
    let place = Place::new(bed);
    bed.block_on(async {
        let first = place.start::<Revenue>();
        // Also one with a directory of its own.
        let elsewhere = TempDir::new().unwrap();
        for data in [place.data(), elsewhere.path().to_owned()] {
            let Err(ProjectorError::Store(error)) = Projector::<Revenue>::open_with(&data, place.options())
            else {
                panic!("it takes the store");
            };
            assert!(matches!(error, StoreError::InUse { .. }), "{error:?}");
            assert!(error.to_string().contains("revenue_"), "{error}");
        }
        first.stop().await;
        Projector::<Revenue>::open_with(&place.data(), place.options()).map(drop).unwrap();
    });
}

fn the_state_is_not_looked_for_in_a_directory(bed: &Bed) {
    let place = Place::new(bed);
    bed.block_on(place.built(10));
    let remedy = |error: &StoreError| {
        assert!(matches!(error, StoreError::Elsewhere { .. }), "{error:?}");
        let line = error.to_string();
        assert!(line.contains("revenue_") && line.contains("--store postgres"), "{line}");
    };
    for kind in StoreKind::ALL {
        let options = ProjectorOptions { store: kind.into(), ..ProjectorOptions::default() };
        let Err(ProjectorError::Store(error)) = Projector::<Revenue>::open_with(&place.data(), options)
        else {
            panic!("it begins again in {kind}");
        };
        remedy(&error);
    }
    remedy(&View::open(&place.data(), Revenue::NAME).unwrap_err());
    let QueryError::Store(error) =
        Query::default().ask(&place.data(), Revenue::NAME, |_| Ok(())).unwrap_err()
    else {
        panic!("nobody runs");
    };
    remedy(&error);

    // Nor is a state in a directory taken for one of the database.
    let sled = TempDir::new().unwrap();
    drop(Projector::<Revenue>::open(sled.path()).unwrap());
    let Err(ProjectorError::Store(error)) = Projector::<Revenue>::open_with(sled.path(), place.options())
    else {
        panic!("it begins again in the database");
    };
    assert!(matches!(error, StoreError::OtherKind { .. }), "{error:?}");
    assert!(error.to_string().contains("start the service with --store sled"), "{error}");
}

fn a_build_in_a_directory_takes_over_from_one_in_the_database(bed: &Bed) {
    let place = Place::new(bed);
    bed.block_on(async {
        place.built(900).await;
        let options = ProjectorOptions { store: StoreKind::Sled.into(), ..place.slowly(600) };
        let mut new = Running::<RevenueV2>::start_with(&place.data(), options, &place.log);
        assert_eq!(new.status.borrow().standing, Standing::Building);
        new.becomes(Standing::Live).await;
        new.reaches(900).await;
        assert_eq!(rows(&new.view), ["total/all 899"]);
        new.stop().await;
    });
}

fn whoever_reads_the_views_while_a_build_takes_over_sees_one_build_or_the_other(bed: &Bed) {
    let place = Place::new(bed);
    bed.block_on(async {
        place.built(900).await;
        assert_eq!(place.sql(READ).await, OLD);
        let mut new = Running::<RevenueV2>::start_with(&place.data(), place.slowly(1000), &place.log);
        let mut reads = [0, 0];
        while reads[1] < 50 {
            let read = place.sql(READ).await;
            let is_new = read == NEW;
            assert!(is_new || (read == OLD && reads[1] == 0), "after {reads:?}: {read:?}");
            reads[usize::from(is_new)] += 1;
        }
        assert!(reads[0] > 10, "{reads:?}");
        new.becomes(Standing::Live).await;
        new.stop().await;
    });
}

fn a_build_is_rolled_back_in_the_views_and_their_rights_stay(bed: &Bed) {
    let place = Place::new(bed);
    bed.block_on(async {
        place.built(900).await;
        place
            .sql(
                r#"CREATE ROLE reporting; GRANT USAGE ON SCHEMA revenue TO reporting;
                GRANT SELECT ON ALL TABLES IN SCHEMA revenue TO reporting;
                CREATE VIEW public.rich AS SELECT key FROM revenue."by-customer" WHERE value->'cents' > '800'"#,
            )
            .await;
        let read = format!("SET ROLE reporting; {READ}");
        assert_eq!(place.sql(&read).await, OLD);
        let mut new = place.start::<RevenueV2>();
        new.becomes(Standing::Live).await;
        place.shows::<RevenueV2>().await;
        assert_eq!(place.sql(&read).await, NEW);
        assert_eq!(place.sql("SELECT * FROM public.rich").await, [""; 0]);

        // While the service runs it follows at once.
        place.builds().roll_back().unwrap();
        place.shows::<Revenue>().await;
        assert_eq!(place.sql(&read).await, OLD);
        assert_eq!(place.sql("SELECT * FROM public.rich").await, ["ada"]);
        new.becomes(Standing::Held).await;
        assert!(rows(&new.view).contains(&"total/all 898".to_owned()));
        new.stop().await;

        // And if none does, when it is started.
        place.builds().promote(&BuildId::of::<RevenueV2>()).unwrap();
        assert_eq!(place.sql(&read).await, OLD);
        let new = place.start::<RevenueV2>();
        assert_eq!(place.sql(&read).await, NEW);
        new.stop().await;
        place.sql("DROP OWNED BY reporting; DROP ROLE reporting").await;
    });
}

fn a_reader_that_does_not_end_holds_up_the_views_and_not_the_projection(bed: &Bed) {
    let place = Place::new(bed);
    bed.block_on(async {
        place.built(900).await;
        let (reader, connection) = tokio_postgres::connect(&place.url, NoTls).await.unwrap();
        let driver = tokio::spawn(async move { connection.await.ok() });
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT value FROM revenue.total";
        reader.simple_query(begin).await.unwrap();
        let mut new = place.start::<RevenueV2>();
        new.becomes(Standing::Live).await;
        let last = publish(&place.log, paid("live", "ada", 1)).await;
        new.reaches(last).await;
        // The other table is of the same build, and nobody ends the reader.
        let other = r#"SELECT count(*) FROM revenue."by-customer""#;
        let row: i64 = reader.query_one(other, &[]).await.unwrap().get(0);
        assert_eq!(row, 1);
        assert_eq!(
            place.sql("SELECT build FROM revenue.headwater_build").await,
            [BuildId::of::<Revenue>().to_string()]
        );
        reader.simple_query("COMMIT").await.unwrap();
        place.shows::<RevenueV2>().await;
        assert_eq!(place.sql("SELECT value FROM revenue.total").await, ["900"]);
        driver.abort();
        new.stop().await;
    });
}

/// As builds before the live one have left them.
fn views_without_a_table(names: &[&str]) -> String {
    let view = |name: &&str| {
        format!(
            r#"CREATE VIEW revenue."{name}" AS
                SELECT NULL::text COLLATE "C" AS key, NULL::jsonb AS value, NULL::bytea AS exact WHERE false;
            INSERT INTO revenue.headwater_views VALUES ('{name}');"#
        )
    };
    names.iter().map(view).collect()
}

fn a_reader_of_a_view_holds_up_no_commit_that_makes_its_table(bed: &Bed) {
    let place = Place::new(bed);
    let select = r#"SELECT key FROM revenue."by-customer""#;
    bed.block_on(async {
        let limit = Duration::from_secs(2);
        let store = place.config().answer_limit(limit).patience(limit).into();
        let options = ProjectorOptions { store, ..ProjectorOptions::default() };
        let start = || Running::<Revenue>::start_with(&place.data(), options.clone(), &place.log);
        let mut revenue = start();
        place.sql(&views_without_a_table(&["by-customer"])).await;
        let (reader, connection) = tokio_postgres::connect(&place.url, NoTls).await.unwrap();
        let driver = tokio::spawn(async move { connection.await.ok() });
        reader.simple_query(&format!("BEGIN; {select}")).await.unwrap();
        let last = publish(&place.log, paid("first", "ada", 1)).await;
        revenue.reaches(last).await;
        // Whose view isn't there yet, is shown with the commit.
        assert_eq!(place.sql("SELECT value FROM revenue.total").await, ["1"]);
        let last = publish(&place.log, paid("second", "bob", 1)).await;
        revenue.reaches(last).await;
        assert_eq!(place.sql(select).await, [""; 0]);
        reader.simple_query("COMMIT").await.unwrap();
        place.finds(select, &["ada", "bob"]).await;
        revenue.stop().await;

        // What wasn't shown in time is shown by the next process.
        let mut revenue = start();
        place.sql("DROP VIEW revenue.total; DELETE FROM revenue.headwater_views WHERE name = 'total'").await;
        revenue.stop().await;
        place.sql(&views_without_a_table(&["total"])).await;
        revenue = start();
        place.finds("SELECT value FROM revenue.total", &["2"]).await;
        revenue.stop().await;
        driver.abort();
    });
}

fn readers_wait_for_all_views_together_no_longer_than_for_one(bed: &Bed) {
    const VIEWS: [&str; 8] = ["a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"];
    let place = Place::new(bed);
    bed.block_on(async {
        place.built(20).await;
        place.sql(&views_without_a_table(&VIEWS)).await;
        let mut readers = Vec::new();
        for view in VIEWS {
            let (reader, connection) = tokio_postgres::connect(&place.url, NoTls).await.unwrap();
            tokio::spawn(connection);
            let read = format!("BEGIN; SELECT * FROM revenue.{view}");
            reader.simple_query(&read).await.unwrap();
            readers.push((view, reader));
        }
        let mut new = place.start::<RevenueV2>();
        new.becomes(Standing::Live).await;
        // Somebody else reads the first view all the while.
        let (other, connection) = tokio_postgres::connect(&place.url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let (done, mut end) = tokio::sync::oneshot::channel::<()>();
        let reading = tokio::spawn(async move {
            let mut waited = Duration::ZERO;
            while end.try_recv().is_err() {
                let begun = Instant::now();
                other.simple_query("SELECT * FROM revenue.a1").await.unwrap();
                waited = waited.max(begun.elapsed());
            }
            waited
        });
        // Each reader ends when it has been waited for a while, so that the next one is waited for.
        for (view, reader) in readers {
            let waiting = format!(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'
                AND relation = 'revenue.{view}'::regclass"
            );
            place.finds(&waiting, &["1"]).await;
            tokio::time::sleep(Duration::from_millis(200)).await;
            reader.simple_query("COMMIT").await.unwrap();
        }
        place.shows::<RevenueV2>().await;
        done.send(()).unwrap();
        let waited = reading.await.unwrap();
        assert!(waited < Duration::from_secs(1), "a reader has waited for {waited:?}");
        new.stop().await;
    });
}

fn a_build_that_was_replaced_is_removed_after_a_time_with_its_schema(bed: &Bed) {
    let place = Place::new(bed);
    let schemas = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'revenue%' ORDER BY nspname";
    let new = BuildId::of::<RevenueV2>();
    bed.block_on(async {
        place.built(10).await;
        let at_once = ProjectorOptions { keep: SignedDuration::ZERO, ..place.options() };
        // The process that has it open keeps it.
        let mut running = place.start::<Revenue>();
        let mut next = Running::<RevenueV2>::start_with(&place.data(), at_once.clone(), &place.log);
        next.becomes(Standing::Live).await;
        running.becomes(Standing::Kept).await;
        next.stop().await;
        let last = publish(&place.log, paid("live", "ada", 1)).await;
        running.reaches(last).await;
        running.stop().await;
        assert_eq!(place.sql(schemas).await.len(), 3);

        let next = Running::<RevenueV2>::start_with(&place.data(), at_once, &place.log);
        tokio::task::block_in_place(|| {
            eventually("the old build is gone", || place.builds().present().unwrap() == [new.clone()]);
        });
        assert_eq!(place.sql(schemas).await, ["revenue".to_owned(), format!("revenue_{new}")]);
        tokio::task::block_in_place(|| {
            eventually("nothing is kept", || place.builds().register().unwrap().kept.is_empty());
        });
        // The view of a table that no build has any more is empty, and no error.
        assert_eq!(place.sql(r#"SELECT key FROM revenue."by-customer""#).await, [""; 0]);
        next.stop().await;
    });
}

fn a_lost_directory_does_not_make_an_unfinished_build_live(bed: &Bed) {
    let place = Place::new(bed);
    bed.block_on(async {
        place.built(900).await;
        std::fs::remove_dir_all(place.data()).unwrap();
        let mut new = Running::<RevenueV2>::start_with(&place.data(), place.slowly(600), &place.log);
        assert_eq!(new.status.borrow().standing, Standing::Building);
        assert_eq!(place.sql(READ).await, OLD);
        assert!(rows(&new.view).contains(&"total/all 898".to_owned()));
        new.becomes(Standing::Live).await;
        place.shows::<RevenueV2>().await;
        assert_eq!(place.sql(READ).await, NEW);
        new.stop().await;
    });
}

fn a_schema_of_something_else_with_the_name_of_the_projection_is_left_as_it_is(bed: &Bed) {
    let place = Place::new(bed);
    bed.block_on(async {
        place.sql("CREATE SCHEMA revenue; CREATE TABLE revenue.total AS SELECT 1 AS one").await;
        let Err(ProjectorError::Store(error)) =
            Projector::<Revenue>::open_with(&place.data(), place.options())
        else {
            panic!("it takes the schema");
        };
        assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
        assert!(error.to_string().contains("total is there; name another schema"), "{error}");
        assert_eq!(place.sql("SELECT one FROM revenue.total").await, ["1"]);
        assert!(place.try_sql("SELECT * FROM revenue.headwater_build").await.is_err());
    });
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "flights", aggregate = "flight", name = "departed", version = 1)]
struct FlightDeparted {
    #[event(key)]
    flight: String,
    carrier: String,
}

/// The projection that the guide speaks of.
#[derive(Projection)]
#[projection(name = "delay-stats", applies(FlightDeparted))]
struct DelayStats {
    by_carrier: Table<String, Carrier>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Carrier {
    departed: u64,
    delay_minutes: u64,
}

impl Apply<FlightDeparted> for DelayStats {
    fn apply(&self, event: &Recorded<'_, FlightDeparted>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        self.by_carrier.update(tx, &event.data.carrier, |row| row.departed += 1)
    }
}

fn the_guides_examples_read_rows_with_their_position(bed: &Bed) {
    const GUIDE: &str = include_str!("../../../../docs/guides/postgres-store.md");
    let place = Place::new(bed);
    bed.block_on(async {
        let flight = |(carrier, flight): (&str, u32)| FlightDeparted {
            flight: flight.to_string(),
            carrier: carrier.to_owned(),
        };
        let carriers = (0..4).flat_map(|_| ["AA", "UA", "AA"]);
        publish_all(&place.log, carriers.zip(0..).map(flight)).await;
        let mut stats = place.start::<DelayStats>();
        stats.reaches_in("flights", 12).await;
        let mut examples = 0;
        for example in GUIDE.split("```sql\n").skip(1) {
            let statements = example.split("```").next().unwrap();
            let (statements, expected) = match statements.split_once("-- yields ") {
                Some((statements, expected)) => (statements, Some(expected.trim())),
                None => (statements, None),
            };
            let found = place.sql(statements).await;
            if let Some(expected) = expected {
                assert_eq!(found.join(", "), expected, "{statements}");
                examples += 1;
            }
        }
        assert!(examples >= 3, "{examples}");
        stats.stop().await;
    });
}
