use std::time::Duration;

/// How many connections there may be, and how long clients may take.
#[derive(Debug, Clone)]
pub struct ConnectionLimits {
    /// How many may be open; the next one waits.
    pub connections_max: usize,
    /// How long the headers of a request may take to arrive, and an idle connection stays open.
    pub headers: Duration,
    /// How long a client may take to read an answer; of events, how long it may take none.
    pub answer: Duration,
    /// How long the requests under way may take when the service ends.
    pub ending: Duration,
}

impl Default for ConnectionLimits {
    /// 1,024 connections, 30 s, 30 s, 10 s.
    fn default() -> Self {
        Self {
            connections_max: 1024,
            headers: Duration::from_secs(30),
            answer: Duration::from_secs(30),
            ending: Duration::from_secs(10),
        }
    }
}
