use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

pub(crate) use headwater_log::testkit::PATIENCE;
use headwater_log::testkit::{Postgres, Proxy};
use headwater_subscriber::conformance::Subject;
use headwater_subscriber::{
    Order, PostgresConfig, PostgresStore, PostgresStoreError, Snapshot, Store, StoreError, Write,
};
use tokio::runtime::Runtime;
use tokio_postgres::{NoTls, SimpleQueryMessage};

pub(crate) type Case = (&'static str, fn(&Bed));

/// The cases of a module, by the names of their functions.
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        pub(crate) const CASES: &[crate::bed::Case] = &[$((stringify!($case), $case)),*];
    };
}

pub(crate) use cases;

/// A database that all cases share, each with a schema of its own.
pub(crate) struct Bed {
    runtime: Runtime,
    postgres: Mutex<Option<Postgres>>,
    url: String,
    schemas: AtomicU32,
}

impl Bed {
    pub(crate) fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let postgres = runtime.block_on(Postgres::start()).unwrap();
        let url = postgres.url();
        Self { runtime, postgres: Mutex::new(Some(postgres)), url, schemas: AtomicU32::new(0) }
    }

    /// Stops the server.
    pub(crate) fn end(&self) {
        drop(self.postgres.lock().unwrap().take());
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn schema(&self) -> String {
        format!("schema {}", self.schemas.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn config(&self) -> PostgresConfig {
        self.url.parse().unwrap()
    }

    /// A store in a schema of its own.
    pub(crate) fn store(&self) -> (Arc<dyn Store>, String) {
        let schema = self.schema();
        (PostgresStore::connect(&self.config(), &schema).unwrap(), schema)
    }

    /// A proxy in front of the database, and how to reach it there.
    pub(crate) fn proxy(&self) -> (Proxy, PostgresConfig) {
        let port = self.url.split(':').next_back().unwrap().split('/').next().unwrap().parse().unwrap();
        let proxy = self.block_on(Proxy::start(port)).unwrap();
        let url = format!("postgresql://postgres@127.0.0.1:{}/postgres", proxy.port());
        (proxy, url.parse().unwrap())
    }

    /// A server of its own, to be killed.
    pub(crate) fn server(&self) -> Postgres {
        self.block_on(Postgres::start()).unwrap()
    }

    /// What statements find, as text.
    pub(crate) fn sql(&self, statements: &str) -> Vec<Vec<Option<String>>> {
        self.sql_at(&self.url, statements)
    }

    pub(crate) fn sql_at(&self, url: &str, statements: &str) -> Vec<Vec<Option<String>>> {
        self.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
            let driver = tokio::spawn(async move { connection.await.ok() });
            let messages =
                client.simple_query(statements).await.unwrap_or_else(|error| panic!("{error}: {statements}"));
            driver.abort();
            let row = |message| match message {
                SimpleQueryMessage::Row(row) => {
                    Some((0..row.len()).map(|index| row.get(index).map(str::to_owned)).collect())
                }
                _ => None,
            };
            messages.into_iter().filter_map(row).collect()
        })
    }

    /// The only value that statements find.
    pub(crate) fn one(&self, statements: &str) -> String {
        self.sql(statements)[0][0].clone().unwrap()
    }

    /// Counts how often each value of the table is written, in the schema's table `audit`.
    pub(crate) fn audit(&self, url: &str, schema: &str, table: &str) {
        self.sql_at(
            url,
            &format!(
                r#"CREATE SCHEMA IF NOT EXISTS audit;
            CREATE TABLE audit."{schema}" (value text);
            CREATE FUNCTION audit."{schema}"() RETURNS trigger LANGUAGE plpgsql AS
                $$BEGIN INSERT INTO audit."{schema}" VALUES (new.value::text); RETURN NULL; END$$;
            CREATE TRIGGER audit AFTER INSERT OR UPDATE ON "{schema}"."{table}"
                FOR EACH ROW EXECUTE FUNCTION audit."{schema}"()"#
            ),
        );
    }

    /// The values that were written since then.
    pub(crate) fn audited(&self, url: &str, schema: &str) -> Vec<String> {
        let rows =
            self.sql_at(url, &format!(r#"SELECT value FROM audit."{schema}" ORDER BY value::numeric"#));
        rows.into_iter().map(|row| row[0].clone().unwrap()).collect()
    }
}

/// A store of the conformance suite is in a schema with the name of its directory.
pub(crate) struct Schemas(pub(crate) &'static Bed);

impl Subject for Schemas {
    fn open(&self, directory: &Path) -> Result<Arc<dyn Store>, StoreError> {
        let config = self.0.config().snapshots_max(60);
        PostgresStore::connect(&config, &directory.display().to_string())
    }
}

pub(crate) fn put(key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Write {
    Write { key: key.as_ref().to_owned(), value: Some(value.as_ref().to_owned()) }
}

pub(crate) fn remove(key: impl AsRef<[u8]>) -> Write {
    Write { key: key.as_ref().to_owned(), value: None }
}

pub(crate) fn get(snapshot: &Arc<dyn Snapshot>, key: impl AsRef<[u8]>) -> Option<String> {
    snapshot.get(key.as_ref()).unwrap().map(|value| String::from_utf8(value).unwrap())
}

/// What is in the store now.
pub(crate) fn now(store: &Arc<dyn Store>, key: impl AsRef<[u8]>) -> Option<String> {
    get(&store.snapshot().unwrap(), key)
}

pub(crate) fn count(snapshot: &Arc<dyn Snapshot>) -> usize {
    let end: &[u8] = &[0xff; 8];
    snapshot.range(&[]..end, Order::Ascending).map(Result::unwrap).count()
}

/// What the store in the database says.
pub(crate) fn cause(error: &StoreError) -> &PostgresStoreError {
    match error {
        StoreError::Failed(source) => source.downcast_ref().unwrap(),
        error => panic!("{error:?}"),
    }
}

/// Waits until `condition` holds.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "it doesn't happen that {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
