use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long anything may take that must happen, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// An HTTP request whose parts are sent when the test wants them to be.
pub(crate) struct Client(TcpStream);

impl Client {
    pub(crate) async fn connect(address: &str) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Sends the same again and again, and reads nothing, until the other side ends the connection.
    pub(crate) async fn ask_until_cut_off(&mut self, text: &str) {
        while self.0.write_all(text.as_bytes()).await.is_ok() {}
    }

    /// What comes until the connection ends.
    pub(crate) async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        timeout(PATIENCE, self.0.read_to_end(&mut bytes)).await.expect("the connection doesn't end").ok();
        String::from_utf8(bytes).unwrap()
    }
}

/// The head of a request that sends an event, for a body of this length.
pub(crate) fn head(bytes: usize) -> String {
    format!(
        "POST /events HTTP/1.1\r\nhost: edge\r\nconnection: close\r\ncontent-type: application/cloudevents+json\r\n\
         content-length: {bytes}\r\n\r\n"
    )
}

/// Sends an event, and returns the status and the document.
pub(crate) async fn post(address: &str, event: &Value) -> (u16, Value) {
    let body = event.to_string();
    let mut client = Client::connect(address).await;
    client.send(&(head(body.len()) + &body)).await;
    parse(&client.rest().await)
}

pub(crate) fn parse(response: &str) -> (u16, Value) {
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}
