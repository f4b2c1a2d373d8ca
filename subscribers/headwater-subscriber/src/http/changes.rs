use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use headwater_log::service::http::Problem;
use headwater_log::service::report;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::freshness::takes_parts;
use super::params::Params;
use super::problems::{FAILED, OVERLOADED, invalid, unreadable};
use super::source::Source;
use crate::commits::{CommittedRows, Heard, Listener};
use crate::state::{row_key, table_end};
use crate::{Positions, StoreError, View};

/// How many events wait for the connection. Whatever is behind that waits in the feed, which is of one size for all.
const EVENTS_AHEAD: usize = 64;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// `GET /v1/changes`: what each commit changes, as server-sent events.
///
/// Only the end of a commit has an id, so a client that comes back says which commit it has heard whole. If what came after it is
/// still kept, it goes on there; if not, it is told so with `reset`, and never left in the belief that it knows all.
pub(super) async fn changes(
    State(source): State<Arc<Source>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut params = Params::of(&uri)?;
    let wanted = Wanted::take(&mut params, &source)?;
    let takes_parts = takes_parts(&mut params)?;
    let with_snapshot = params.parsed("snapshot", "snapshot=true")?.unwrap_or(false);
    params.finish("table, prefix, snapshot, partitions")?;
    if !takes_parts && !source.partitions.borrow().is_whole() {
        return Err(source.elsewhere());
    }
    let Ok(room) = Arc::clone(&source.listeners).try_acquire_owned() else {
        let max = source.limits.listeners_max;
        return Err(Problem::new(OVERLOADED, format!("as many clients listen as may at once ({max})")));
    };
    let last_id = headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
    let (begun, id) = (Arc::clone(&source), last_id.clone());
    // It waits for a commit that is under way.
    let listening = spawn_blocking(move || begun.commits.listen(id.as_deref(), || begun.positions()));
    let (mut listener, mut positions) = listening.await.map_err(|_| not_begun())?;
    let mut snapshot = None;
    if with_snapshot && !listener.is_resumed() {
        // It is taken while commits go on, and says by itself which of them it has.
        let taken = Taken::take(&source).await?;
        // Of a divided state, several commits have one position. So some may be told that the snapshot has already.
        if !source.partitions.borrow().is_divided() {
            listener.pass_over(taken.positions.clone());
        }
        positions.clone_from(&taken.positions);
        snapshot = Some(taken);
    }
    let (events, mut told) = mpsc::channel(EVENTS_AHEAD);
    let telling = Telling { source: Arc::clone(&source), listener, wanted, last_id, events, _room: room };
    tokio::spawn(telling.run(positions, snapshot));
    let told = stream::poll_fn(move |cx| told.poll_recv(cx)).map_ok();
    let mut response = Sse::new(told).into_response();
    // Some proxies gather answers otherwise.
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

fn not_begun() -> Problem {
    Problem::new(FAILED, "the listener could not begin")
}

/// A snapshot for a listener, and its room.
struct Taken {
    view: View,
    positions: Positions,
    _room: OwnedSemaphorePermit,
}

impl Taken {
    async fn take(source: &Arc<Source>) -> Result<Self, Problem> {
        let (room, source) = (source.room.snapshot()?, Arc::clone(source));
        let taking = spawn_blocking(move || {
            let view = source.view.snapshot()?;
            let (positions, _) = source.stand(&view)?;
            Ok::<_, StoreError>(Self { view, positions, _room: room })
        });
        taking.await.map_err(|_| not_begun())?.map_err(|error| unreadable(&error))
    }
}

/// Makes of events what a stream of a response is made of.
trait MapOk: stream::Stream<Item = Event> + Sized {
    fn map_ok(self) -> impl stream::Stream<Item = Result<Event, Infallible>> {
        futures::StreamExt::map(self, Ok)
    }
}

impl<S: stream::Stream<Item = Event>> MapOk for S {}

/// The rows that a listener wants to hear of.
#[derive(Clone)]
struct Wanted {
    table: Option<&'static str>,
    prefix: String,
}

impl Wanted {
    fn take(params: &mut Params, source: &Source) -> Result<Self, Problem> {
        let table =
            params.text("table")?.map(|name| source.table(&name).map(|table| table.name)).transpose()?;
        let prefix = params.text("prefix")?;
        if prefix.is_some() && table.is_none() {
            return Err(invalid("`prefix` is of the keys of a table; name it with `table`"));
        }
        Ok(Self { table, prefix: prefix.unwrap_or_default() })
    }

    fn includes(&self, table: &str, key: &str) -> bool {
        self.table.is_none_or(|wanted| wanted == table) && key.starts_with(&self.prefix)
    }

    fn tables<'s>(&'s self, source: &'s Source) -> impl Iterator<Item = &'static str> + use<'s> {
        source
            .tables
            .iter()
            .map(|table| table.name)
            .filter(|name| self.table.is_none_or(|wanted| wanted == *name))
    }
}

/// One client, while it listens.
struct Telling {
    source: Arc<Source>,
    listener: Listener,
    wanted: Wanted,
    last_id: Option<String>,
    events: mpsc::Sender<Event>,
    _room: OwnedSemaphorePermit,
}

/// The client has gone.
struct Gone;

impl Telling {
    async fn run(mut self, positions: Positions, snapshot: Option<Taken>) {
        let source = Arc::clone(&self.source);
        source.listening.listeners.inc();
        let closed = self.events.clone();
        tokio::select! {
            biased;
            () = source.stop.cancelled() => {}
            () = closed.closed() => {}
            // It ends when the client has gone, or is too slow.
            _ = self.tell(positions, snapshot) => {}
        }
        source.listening.listeners.dec();
    }

    async fn tell(&mut self, positions: Positions, snapshot: Option<Taken>) -> Result<(), Gone> {
        let opening = match (&self.last_id, self.listener.is_resumed()) {
            (Some(_), false) => Event::default().event("reset"),
            _ => Event::default().event("begin"),
        };
        let opening = opening.data(text(&Opening { positions: &positions, snapshot: snapshot.is_some() }));
        match (snapshot, self.last_id.as_ref().filter(|_| self.listener.is_resumed())) {
            (Some(snapshot), _) => {
                self.send(opening).await?;
                self.send_snapshot(snapshot).await?;
                self.send(self.end_of_commit(&positions)).await?;
            }
            (None, Some(last_id)) => self.send(opening.id(last_id)).await?,
            (None, None) => self.send(opening.id(self.listener.id(&positions))).await?,
        }
        let mut passed = None;
        loop {
            match timeout(self.source.limits.heartbeat, self.listener.next()).await {
                Ok(Heard::Commit(commit)) => {
                    passed = if self.send_commit(&commit).await? { None } else { Some(commit) };
                }
                Ok(Heard::Lagged) => {
                    self.source.listening.lagged.inc();
                    let positions = self.source.positions();
                    let lagged = Event::default().event("lagged").data(text(&At { positions: &positions }));
                    return self.send(lagged).await;
                }
                Ok(Heard::Ended) => return Ok(()),
                // Commits without a row that is wanted are told of now and then, so that a client needn't begin with them again.
                Err(_) => match passed.take() {
                    Some(commit) => self.send(self.end_of_commit(&commit.positions)).await?,
                    None => self.send(Event::default().comment("")).await?,
                },
            }
        }
    }

    /// Whether there was anything to be told.
    async fn send_commit(&self, commit: &CommittedRows) -> Result<bool, Gone> {
        let mut any = false;
        for change in commit.changes.iter().filter(|change| self.wanted.includes(&change.table, &change.key))
        {
            let (table, key) = (change.table.as_str(), change.key.as_str());
            self.send(row(table, key, change.value.as_deref(), &commit.positions)).await?;
            any = true;
        }
        if any {
            self.send(self.end_of_commit(&commit.positions)).await?;
        }
        Ok(any)
    }

    async fn send_snapshot(&self, snapshot: Taken) -> Result<(), Gone> {
        let (wanted, source, events) = (self.wanted.clone(), Arc::clone(&self.source), self.events.clone());
        let sending = spawn_blocking(move || {
            for table in wanted.tables(&source) {
                let begin = row_key(table, &wanted.prefix);
                let end = if wanted.prefix.is_empty() {
                    table_end(table)
                } else {
                    [begin.as_slice(), b"\xff"].concat()
                };
                for read in snapshot.view.rows_between(table, begin, end) {
                    let read = read.map_err(|error| {
                        tracing::error!(error = report(&error), "a listener's snapshot can't be read");
                        Gone
                    })?;
                    let event = row(table, &read.key, Some(&read.value), &snapshot.positions);
                    events.blocking_send(event).map_err(|_| Gone)?;
                }
            }
            Ok(())
        });
        sending.await.unwrap_or(Err(Gone))
    }

    /// The name of the position is only here: whoever has it has everything up to it.
    fn end_of_commit(&self, positions: &Positions) -> Event {
        Event::default().event("commit").id(self.listener.id(positions)).data(text(&At { positions }))
    }

    async fn send(&self, event: Event) -> Result<(), Gone> {
        self.events.send(event).await.map_err(|_| Gone)
    }
}

fn row(table: &str, key: &str, value: Option<&RawValue>, positions: &Positions) -> Event {
    Event::default().event("row").data(text(&RowEvent { table, key, value, positions }))
}

/// Texts, numbers and JSON always have a JSON form.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

#[derive(Serialize)]
struct Opening<'a> {
    positions: &'a Positions,
    /// Whether what is there follows, up to the first `commit`.
    snapshot: bool,
}

#[derive(Serialize)]
struct At<'a> {
    positions: &'a Positions,
}

#[derive(Serialize)]
struct RowEvent<'a> {
    table: &'a str,
    key: &'a str,
    value: Option<&'a RawValue>,
    positions: &'a Positions,
}
