use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// Whether the server says that its JetStream is up and has caught up.
pub(super) async fn is_healthy(monitor_port: u16) -> bool {
    get(monitor_port, "/healthz").await.is_ok_and(|answer| answer.status == 200)
}

/// What a server knows of its cluster's meta group; `None` when it doesn't answer.
pub(super) async fn meta_group(monitor_port: u16) -> Option<MetaGroup> {
    let answer = get(monitor_port, "/jsz").await.ok()?;
    serde_json::from_str::<JetStream>(&answer.body).ok()?.meta_cluster
}

/// The names of the streams that the server believes to lead, when it is called `server_name`.
pub(super) async fn leads(monitor_port: u16, server_name: &str) -> Vec<String> {
    let Ok(answer) = get(monitor_port, "/jsz?accounts=true&streams=true").await else { return Vec::new() };
    let Ok(jetstream) = serde_json::from_str::<JetStream>(&answer.body) else { return Vec::new() };
    jetstream
        .account_details
        .into_iter()
        .flat_map(|account| account.stream_detail)
        .filter(|stream| stream.cluster.as_ref().is_some_and(|cluster| cluster.leader == server_name))
        .map(|stream| stream.name)
        .collect()
}

#[derive(Deserialize)]
pub(super) struct MetaGroup {
    /// The name of the leader; empty when there is none.
    #[serde(default)]
    pub(super) leader: String,
    #[serde(default)]
    pub(super) cluster_size: usize,
    /// The others, as the leader sees them.
    #[serde(default)]
    pub(super) replicas: Vec<Replica>,
}

#[derive(Deserialize)]
pub(super) struct Replica {
    pub(super) name: String,
    #[serde(default)]
    pub(super) current: bool,
    #[serde(default)]
    pub(super) offline: bool,
}

#[derive(Deserialize)]
struct JetStream {
    meta_cluster: Option<MetaGroup>,
    #[serde(default)]
    account_details: Vec<Account>,
}

#[derive(Deserialize)]
struct Account {
    #[serde(default)]
    stream_detail: Vec<Stream>,
}

#[derive(Deserialize)]
struct Stream {
    name: String,
    cluster: Option<StreamGroup>,
}

#[derive(Deserialize)]
struct StreamGroup {
    #[serde(default)]
    leader: String,
}

struct Answer {
    status: u16,
    body: String,
}

/// One request by hand: an HTTP client would be the largest dependency of the testkit.
async fn get(port: u16, path: &str) -> io::Result<Answer> {
    let exchange = async {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await?;
        // HTTP/1.0: the server closes the connection at the end, and sends no chunks.
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        Ok::<_, io::Error>(text)
    };
    let text = tokio::time::timeout(ANSWER_LIMIT, exchange).await??;
    let (head, body) = text.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Ok(Answer { status: status.ok_or(io::ErrorKind::InvalidData)?, body: body.to_owned() })
}
