pub(crate) use headwater_log::testkit::PATIENCE;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let of_name = |line: &'_ str| line.split_once(": ").is_some_and(|(other, _)| other == name);
        self.head
            .lines()
            .find(|line| of_name(line))
            .and_then(|line| line.split_once(": "))
            .map(|(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// A row's value, or a page's keys.
    pub(crate) fn keys(&self) -> Vec<String> {
        assert_eq!(self.status, 200, "{self:?}");
        self.json()["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["key"].as_str().unwrap().to_owned())
            .collect()
    }

    /// That it is a problem document of this type.
    pub(crate) fn is_problem(&self, status: u16, slug: &str) -> Value {
        let document = self.json();
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        assert_eq!(document["type"].as_str().unwrap().rsplit('#').next(), Some(slug), "{self:?}");
        document
    }
}

pub(crate) async fn get(address: &str, path: &str) -> Answer {
    get_with(address, path, "").await
}

/// With more headers, each with its line's end.
pub(crate) async fn get_with(address: &str, path: &str, headers: &str) -> Answer {
    ask(address, &format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}\r\n")).await
}

pub(crate) async fn ask(address: &str, request: &str) -> Answer {
    let asking = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{answer:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    };
    timeout(PATIENCE, asking).await.expect("there is no answer")
}

/// An event as a browser's `EventSource` would see it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Told {
    pub(crate) event: String,
    pub(crate) id: Option<String>,
    pub(crate) data: Value,
    pub(crate) comment: bool,
}

/// A client that listens.
pub(crate) struct Listener(BufReader<TcpStream>);

impl Listener {
    pub(crate) async fn start(address: &str, query: &str) -> Self {
        Self::start_with(address, query, "").await
    }

    pub(crate) async fn resume(address: &str, query: &str, id: &str) -> Self {
        Self::start_with(address, query, &format!("last-event-id: {id}\r\n")).await
    }

    async fn start_with(address: &str, query: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request =
            format!("GET /v1/changes?{query} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut listener = Self(BufReader::new(stream));
        let status = listener.line().await.unwrap();
        assert!(status.starts_with("HTTP/1.1 200"), "{status}");
        while !listener.line().await.unwrap().is_empty() {}
        listener
    }

    /// The next event; `None` when the connection has ended.
    pub(crate) async fn next(&mut self) -> Option<Told> {
        timeout(PATIENCE, self.read()).await.expect("nothing is told")
    }

    /// The next event, which is of this kind.
    pub(crate) async fn told(&mut self, event: &str) -> Told {
        let told = self.next().await.expect("the connection has ended");
        assert_eq!(told.event, event, "{told:?}");
        told
    }

    async fn read(&mut self) -> Option<Told> {
        let mut told = Told::default();
        let mut any = false;
        loop {
            let line = self.line().await?;
            // Lines of the chunked encoding are none of these.
            if let Some(name) = line.strip_prefix("event: ") {
                told.event = name.to_owned();
            } else if let Some(id) = line.strip_prefix("id: ") {
                told.id = Some(id.to_owned());
            } else if let Some(data) = line.strip_prefix("data: ") {
                told.data = serde_json::from_str(data).unwrap();
            } else if line.starts_with(':') {
                told.comment = true;
            } else {
                if line.is_empty() && any {
                    return Some(told);
                }
                continue;
            }
            any = true;
        }
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).await.ok()?;
        (read > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned())
    }
}
