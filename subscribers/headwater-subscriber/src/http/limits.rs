use std::time::Duration;

use headwater_log::service::http::ConnectionLimits;

/// How much a projection answers at once, and how long it works on it.
#[derive(Debug, Clone)]
pub struct QueryLimits {
    /// How many connections there may be, and how long clients may take.
    pub connections: ConnectionLimits,
    /// How many requests may read from the store at once; the next one is told to come back.
    pub reads_max: usize,
    /// How long one of them may read.
    pub read: Duration,
    /// How many rows a page has, unless the client wants fewer or more.
    pub page_rows: usize,
    /// How many rows a page has at most.
    pub page_rows_max: usize,
    /// How large the rows of a page are together, about, in bytes; more are on the next page.
    pub page_bytes_max: usize,
    /// How long a request waits for a position, unless the client says otherwise.
    pub wait: Duration,
    /// How long a request waits for a position at most.
    pub wait_max: Duration,
    /// How many clients may listen for changes; the next one is told to come back.
    pub listeners_max: usize,
    /// How many bytes of changes are kept for listeners. One that is further behind is told that it has lagged.
    pub changes_bytes_max: usize,
    /// How often a listener is told that the connection is alive, when there is nothing else to tell.
    pub heartbeat: Duration,
}

impl Default for QueryLimits {
    /// 64 reads of 10 s; 100 rows, 1,000 at most, 4 MiB; waits of 5 s, 30 s at most; 256 listeners, 8 MiB, 15 s.
    fn default() -> Self {
        Self {
            connections: ConnectionLimits::default(),
            reads_max: 64,
            read: Duration::from_secs(10),
            page_rows: 100,
            page_rows_max: 1000,
            page_bytes_max: 4 * 1024 * 1024,
            wait: Duration::from_secs(5),
            wait_max: Duration::from_secs(30),
            listeners_max: 256,
            changes_bytes_max: 8 * 1024 * 1024,
            heartbeat: Duration::from_secs(15),
        }
    }
}
