use std::collections::BTreeMap;
use std::time::Duration;

use headwater_log::{AppendError, Appended, Backoff, Commit, Log, ReadError};
use tokio::time::{Instant, timeout_at};

use super::group::{Group, groups};
use super::histories::Histories;
use super::same::is_same;
use super::turn::Turn;
use super::turns::Turns;
use super::{Expectation, StoreError, Stored};
use crate::admission::Admitted;

/// Stores events after the last ones of their aggregates, and each event once.
pub(crate) struct Writer {
    log: Log,
    histories: Histories,
}

/// How many events' places are kept in memory: some 15 MB.
const KNOWN_EVENTS_MAX: usize = 500_000;

/// How often an append is tried when others are first each time.
const ATTEMPTS_MAX: u32 = 10;

/// How long a version that the client names, and no server shows, is waited for: a server that lags lags less.
const LAG_MAX: Duration = Duration::from_millis(500);

impl Writer {
    pub(crate) fn new(log: Log) -> Self {
        Self { log, histories: Histories::new(KNOWN_EVENTS_MAX) }
    }

    /// Stores the events of one request together, but for those that are stored already. They are of one domain.
    pub(crate) async fn store(
        &self,
        events: Vec<Admitted>,
        expectation: Expectation,
        deadline: Instant,
    ) -> Result<Stored, StoreError> {
        let mut turns = self.turns(groups(events, expectation)?, deadline).await?;
        let mut backoff = Backoff::until(deadline);
        let (mut attempts, mut unseen) = (0, false);
        loop {
            attempts += 1;
            let attempted = self.attempt(turns.as_mut(), expectation, deadline).await;
            unseen |= matches!(attempted, Err(StoreError::Unseen { .. }));
            match attempted {
                // They are stored; only where can't be told.
                Err(StoreError::Late | StoreError::Read(_) | StoreError::Open(_)) if unseen => {
                    return Err(StoreError::Unanswered);
                }
                // Whoever worked with an old version has not lost a race, and needn't wait.
                Err(error) if error.is_passing() && attempts == 1 => {}
                Err(error) if error.is_passing() && attempts < ATTEMPTS_MAX && backoff.wait().await => {}
                Err(StoreError::Contended { aggregate, .. }) => {
                    return Err(StoreError::Contended { aggregate, attempts });
                }
                done => return done,
            }
        }
    }

    /// Waits until no other request writes to the aggregates. All requests wait in the same order, so that no two of them wait
    /// for each other.
    async fn turns(&self, groups: Vec<Group>, deadline: Instant) -> Result<Turns<'_>, StoreError> {
        let in_order: BTreeMap<String, usize> =
            groups.iter().enumerate().map(|(place, group)| (group.aggregate.filter(), place)).collect();
        let mut histories = BTreeMap::new();
        for place in in_order.into_values() {
            let history = self.histories.of(&groups[place].aggregate);
            let history = timeout_at(deadline, history.lock_owned()).await.map_err(|_| StoreError::Late)?;
            histories.insert(place, history);
        }
        let turns = groups.into_iter().zip(histories.into_values());
        Ok(Turns::new(&self.histories, turns.map(|(group, history)| Turn::new(group, history)).collect()))
    }

    /// One attempt, which finds that the events can be stored, are stored, or that something has changed meanwhile.
    async fn attempt(
        &self,
        turns: &mut [Turn],
        expectation: Expectation,
        deadline: Instant,
    ) -> Result<Stored, StoreError> {
        let gone = match self.attempt_in_stream(turns, expectation, deadline).await {
            Err(StoreError::Read(ReadError::NoStream { domain })) => domain,
            Err(StoreError::Append(AppendError::NoStream { aggregate })) => aggregate.domain().clone(),
            attempted => return attempted,
        };
        // Streams are opened at the start. Where one is gone, there is a new one, and nothing of the old one is true.
        for turn in turns {
            turn.learn(0);
        }
        timeout_at(deadline, self.log.open(&gone)).await.map_err(|_| StoreError::Late)??;
        Err(StoreError::Replaced { domain: gone })
    }

    async fn attempt_in_stream(
        &self,
        turns: &mut [Turn],
        expectation: Expectation,
        deadline: Instant,
    ) -> Result<Stored, StoreError> {
        for turn in turns.iter_mut() {
            timeout_at(deadline, self.read_on(turn, expectation)).await.unwrap_or(Err(StoreError::Late))?;
        }
        timeout_at(deadline, self.check_known(turns)).await.unwrap_or(Err(StoreError::Late))?;
        let Some(commit) = commit(turns) else { return Ok(finish(turns, 0)) };
        check_expectation(turns, expectation)?;
        let domain = commit.domain().clone();
        // From here on the events may be stored, whatever becomes of the answer.
        match timeout_at(deadline, self.log.commit(commit)).await.map_err(|_| StoreError::Unanswered)? {
            Ok(Appended { last, duplicate: false }) => Ok(finish(turns, last)),
            Ok(Appended { last, duplicate: true }) => {
                // Of several aggregates nobody says whose event is the last one.
                let at_least = if turns.len() == 1 { last } else { 0 };
                for turn in turns {
                    turn.at_least = at_least;
                    turn.is_behind = true;
                }
                Err(StoreError::Unseen { domain })
            }
            Err(AppendError::Conflict { aggregate, actual, .. }) => {
                for turn in turns.iter_mut().filter(|turn| *turn.aggregate() == aggregate) {
                    turn.learn(actual);
                }
                Err(StoreError::Contended { aggregate, attempts: 0 })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Reads what the log knows of an aggregate and its history doesn't.
    async fn read_on(&self, turn: &mut Turn, expectation: Expectation) -> Result<(), StoreError> {
        // Another edge, or another service, may have been there since. It may have created the aggregate, and a client that must decide
        // again is told the version that it has by now.
        let is_refused = turn.fresh_count() > 0 && !expectation.is_met_by(turn.history.version());
        if turn.is_behind || is_refused {
            let from = turn.history.version() + 1;
            let events = self.log.load_from(turn.aggregate(), from, turn.at_least).await?;
            turn.history.read_on(&events);
            (turn.at_least, turn.is_behind) = (0, false);
        }
        let Expectation::Version(expected) = expectation else { return Ok(()) };
        // The client has seen this version; so either a server lags, or it is no version of the aggregate.
        let mut backoff = Backoff::within(LAG_MAX);
        while turn.history.version() < expected {
            let events = self.log.load_from(turn.aggregate(), turn.history.version() + 1, 0).await?;
            turn.history.read_on(&events);
            let reached = turn.history.version() >= expected;
            if reached
                || self.log.info(turn.aggregate().domain()).await?.last < expected
                || !backoff.wait().await
            {
                break;
            }
        }
        Ok(())
    }

    /// Compares what is stored already with what was sent: an id is unique for its source.
    async fn check_known(&self, turns: &mut [Turn]) -> Result<(), StoreError> {
        for turn in turns {
            let domain = turn.aggregate().domain().clone();
            let mut replaced = false;
            for (event, sequence) in turn.known() {
                let stored = self.log.read(&domain, sequence, 1).await?;
                match stored.first().map(|stored| &stored.envelope) {
                    Some(stored) if is_same(event, stored) => {}
                    Some(stored) if stored.fingerprint() == event.fingerprint() => {
                        let (event_source, id) = (event.source().to_owned(), event.id().to_owned());
                        return Err(StoreError::Reused { event_source, id, sequence });
                    }
                    _ => replaced = true,
                }
            }
            if replaced {
                turn.learn(0);
                return Err(StoreError::Replaced { domain });
            }
        }
        Ok(())
    }
}

fn commit(turns: &[Turn]) -> Option<Commit> {
    let mut appends = turns.iter().filter_map(Turn::append);
    let first = appends.next()?;
    Some(appends.fold(Commit::from(first), Commit::and))
}

fn check_expectation(turns: &[Turn], expectation: Expectation) -> Result<(), StoreError> {
    match turns.iter().find(|turn| !expectation.is_met_by(turn.history.version())) {
        Some(turn) => {
            let expected = match expectation {
                Expectation::Version(expected) => Some(expected),
                Expectation::Any | Expectation::Exists => None,
            };
            Err(StoreError::Version {
                aggregate: turn.aggregate().clone(),
                expected,
                actual: turn.history.version(),
            })
        }
        None => Ok(()),
    }
}

/// Puts the places of all events together, after a commit whose last event is at `last`; its events follow one another.
fn finish(turns: &mut [Turn], last: u64) -> Stored {
    let appended: u64 = turns.iter().map(Turn::fresh_count).sum();
    let mut next = (last + 1).saturating_sub(appended);
    let mut places = BTreeMap::new();
    for turn in turns {
        let count = turn.fresh_count();
        places.extend(turn.finish(next));
        next += count;
    }
    Stored { events: places.into_values().collect() }
}
