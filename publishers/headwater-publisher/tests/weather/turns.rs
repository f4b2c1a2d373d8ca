use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use headwater_event::{Aggregate, Domain, EventFilter};
use headwater_log::{
    AppendError, Checkpoint, Commit, EventLog, Follow, Log, Note, NoteError, OpenError, PendingAppend,
    ReadError, StoredEvent, StreamInfo,
};
use tokio::sync::{mpsc, oneshot};

/// What happens to a request of the one whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Passes,
    /// It never reaches the log.
    IsLost,
    /// It reaches the log, and its answer is lost.
    AnswerIsLost,
    /// It is given up, and reaches the log later, in a turn of its own.
    IsLate,
}

/// One turn: whose it is, by its place among those who wait, and what comes of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) who: usize,
    pub(crate) fate: Fate,
}

/// Lets those who share a log act one at a time, in an order that is given: so a run can be repeated.
pub(crate) struct Turns {
    news: mpsc::UnboundedReceiver<News>,
    players: Arc<Players>,
    playing: usize,
}

struct Players {
    count: AtomicUsize,
    news: mpsc::UnboundedSender<News>,
}

enum News {
    Joins,
    Waits { player: usize, turn: oneshot::Sender<Fate> },
    Leaves,
}

impl Turns {
    pub(crate) fn new() -> Self {
        let (sender, news) = mpsc::unbounded_channel();
        Self { news, players: Arc::new(Players { count: AtomicUsize::new(0), news: sender }), playing: 0 }
    }

    /// One more who takes part, until it is dropped.
    pub(crate) fn join(&self) -> Player {
        Player::join(&self.players)
    }

    /// Gives turns until nobody takes part any more. When those that are given end, the first who waits goes on.
    pub(crate) async fn give(mut self, turns: impl IntoIterator<Item = Turn>) {
        let mut turns = turns.into_iter();
        let mut waiting = BTreeMap::new();
        loop {
            // News may still come of the one whose turn it was; of all others it is known that they wait.
            while waiting.len() < self.playing || !self.news.is_empty() {
                match self.news.recv().await {
                    Some(News::Joins) => self.playing += 1,
                    Some(News::Waits { player, turn }) => drop(waiting.insert(player, turn)),
                    Some(News::Leaves) => self.playing -= 1,
                    None => return,
                }
            }
            let Turn { who, fate } = turns.next().unwrap_or(Turn { who: 0, fate: Fate::Passes });
            let Some(&player) = waiting.keys().nth(who % waiting.len().max(1)) else { return };
            // It may have been dropped while it waited, and says so next.
            waiting.remove(&player).map(|turn| turn.send(fate).ok());
        }
    }
}

/// One who takes part.
pub(crate) struct Player {
    number: usize,
    players: Arc<Players>,
}

impl Player {
    fn join(players: &Arc<Players>) -> Self {
        let number = players.count.fetch_add(1, Ordering::SeqCst);
        players.news.send(News::Joins).ok();
        Self { number, players: players.clone() }
    }

    /// Waits for a turn.
    async fn turn(&self) -> Fate {
        let (turn, given) = oneshot::channel();
        self.players.news.send(News::Waits { player: self.number, turn }).ok();
        given.await.expect("the turns are given to the end")
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.players.news.send(News::Leaves).ok();
    }
}

/// A log whose user acts only when it is his turn.
pub(crate) struct TakingTurns {
    pub(crate) log: Log,
    pub(crate) player: Player,
}

#[async_trait]
impl EventLog for TakingTurns {
    async fn open(&self, domain: &Domain) -> Result<StreamInfo, OpenError> {
        self.log.open(domain).await
    }

    async fn info(&self, domain: &Domain) -> Result<StreamInfo, ReadError> {
        self.log.info(domain).await
    }

    async fn streams(&self) -> Result<Vec<StreamInfo>, ReadError> {
        self.log.streams().await
    }

    async fn begin_commit(&self, commit: Commit) -> Result<PendingAppend, AppendError> {
        let Some(aggregate) = commit.appends().map(|append| append.aggregate.clone()).next() else {
            unreachable!("a commit has an append")
        };
        let unknown = AppendError::Unknown { aggregate, source: "lost".into() };
        match self.player.turn().await {
            Fate::Passes => {
                let pending = self.log.begin_commit(commit).await?;
                // Between what happens and what its writer learns, others may act.
                self.player.turn().await;
                Ok(pending)
            }
            Fate::IsLost => Err(unknown),
            Fate::AnswerIsLost => {
                self.log.commit(commit).await.ok();
                Err(unknown)
            }
            Fate::IsLate => {
                let (log, late) = (self.log.clone(), Player::join(&self.player.players));
                tokio::spawn(async move {
                    late.turn().await;
                    log.commit(commit).await.ok();
                });
                Err(unknown)
            }
        }
    }

    async fn read(&self, domain: &Domain, from: u64, max: usize) -> Result<Vec<StoredEvent>, ReadError> {
        self.log.read(domain, from, max).await
    }

    async fn follow(&self, filter: EventFilter, checkpoint: Option<Checkpoint>) -> Result<Follow, ReadError> {
        self.log.follow(filter, checkpoint).await
    }

    async fn load_from(
        &self,
        aggregate: &Aggregate,
        from: u64,
        at_least: u64,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        let domain = aggregate.domain().clone();
        match self.player.turn().await {
            Fate::Passes => self.log.load_from(aggregate, from, at_least).await,
            _ => Err(ReadError::Unavailable { domain, source: "lost".into() }),
        }
    }

    async fn note(&self, aggregate: &Aggregate, name: &str) -> Result<Option<Bytes>, ReadError> {
        self.log.note(aggregate, name).await
    }

    async fn keep_notes(&self, aggregate: &Aggregate, notes: Vec<Note>) -> Result<(), NoteError> {
        self.log.keep_notes(aggregate, notes).await
    }
}
