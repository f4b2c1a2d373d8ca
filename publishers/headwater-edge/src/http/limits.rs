use std::time::Duration;

/// How much the edge takes, and how long it works on it.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long one request may take, from its headers to its answer.
    pub request: Duration,
    /// How large a body may be, in bytes.
    pub body_bytes_max: usize,
    /// How many requests may be under way; the next one is told to come back.
    pub requests_max: usize,
    /// How many connections may be open; the next one waits.
    pub connections_max: usize,
    /// How long the headers of a request may take to arrive, and an idle connection stays open.
    pub headers: Duration,
    /// How long a client may take to read an answer.
    pub answer: Duration,
}

impl Default for Limits {
    /// 10 s, 2 MiB, 128 requests, 1,024 connections, 30 s, 30 s.
    fn default() -> Self {
        Self {
            request: Duration::from_secs(10),
            body_bytes_max: 2 * 1024 * 1024,
            requests_max: 128,
            connections_max: 1024,
            headers: Duration::from_secs(30),
            answer: Duration::from_secs(30),
        }
    }
}
