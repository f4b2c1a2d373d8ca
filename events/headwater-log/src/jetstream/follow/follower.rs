use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use headwater_event::EventFilter;
use jiff::Timestamp;
use tokio::time::sleep;

use super::super::broker::{Broker, created};
use super::super::message::stored;
use super::session::{Lost, Session};
use crate::read::{Remaining, check};
use crate::{Checkpoint, Follow, ReadError, StoredEvent};

/// How long to wait before a lost consumer is replaced once more.
const PAUSE: Duration = Duration::from_millis(250);

pub(in super::super) async fn follow(
    broker: Arc<Broker>,
    filter: EventFilter,
    checkpoint: Option<Checkpoint>,
) -> Result<Follow, ReadError> {
    let domain = filter.domain().clone();
    let deadline = broker.deadline();
    let info = broker.existing_stream_info(&domain, deadline).await?;
    let created = created(&info).map_err(|error| ReadError::unavailable(&domain, error))?;
    if let Some(checkpoint) = &checkpoint {
        let sequence = checkpoint.sequence;
        // Any server may answer, also one that doesn't have the event yet; the leader says what there is.
        let found = if sequence <= info.state.last_sequence {
            let found = broker.get(&domain, &domain.subjects(), sequence, 1, sequence, deadline).await;
            found.map(|events| events.into_iter().find(|event| event.sequence == sequence))
        } else {
            Ok(None)
        };
        check(&domain, checkpoint, created, found)?;
    }
    let after = checkpoint.map_or(0, |checkpoint| checkpoint.sequence);
    let remaining = Remaining::unknown();
    let told = remaining.clone();
    // It goes from each event's future to the next one's, so it had better be small.
    let follower =
        Box::new(Follower { broker, filter, created, after, remaining, session: None, ended: false });
    let events = stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((event, follower))
    });
    Ok(Follow::new(created, told, events.boxed()))
}

struct Follower {
    broker: Arc<Broker>,
    filter: EventFilter,
    created: Timestamp,
    /// The sequence of the last event that was given out.
    after: u64,
    /// What the consumer says that it has still to deliver.
    remaining: Remaining,
    session: Option<Session>,
    ended: bool,
}

impl Follower {
    async fn next(&mut self) -> Option<Result<StoredEvent, ReadError>> {
        if self.ended {
            return None;
        }
        loop {
            let lost = match &mut self.session {
                Some(session) => match session.next().await {
                    Ok((origin, message)) => {
                        self.remaining.set(origin.pending);
                        if origin.sequence <= self.after {
                            continue;
                        }
                        self.after = origin.sequence;
                        let (domain, headers) = (self.filter.domain(), message.headers.as_ref());
                        return Some(stored(
                            domain,
                            origin.sequence,
                            origin.stored_at,
                            headers,
                            &message.payload,
                        ));
                    }
                    Err(lost) => lost,
                },
                None => match self.begin().await {
                    Ok(()) => continue,
                    Err(Begin::Lost(lost)) => lost,
                    Err(Begin::Ended(error)) => {
                        self.ended = true;
                        return Some(Err(error));
                    }
                },
            };
            tracing::warn!(
                stream = self.filter.domain().stream(),
                after = self.after,
                error = %lost,
                "the consumer is lost; going on with a new one"
            );
            self.session = None;
            self.remaining.forget();
            sleep(PAUSE).await;
        }
    }

    /// Begins a session after the last event, if this is still the same stream.
    async fn begin(&mut self) -> Result<(), Begin> {
        let domain = self.filter.domain();
        let info = self.broker.stream_info(domain).await.map_err(Begin::Lost)?;
        let recreated = |evidence: String| {
            Begin::Ended(ReadError::Recreated { domain: domain.clone(), sequence: self.after, evidence })
        };
        let Some(info) = info else { return Err(Begin::Lost("the stream is gone".into())) };
        let created = created(&info).map_err(Begin::Lost)?;
        if created != self.created {
            return Err(recreated(format!(
                "that one was created at {}, this one at {created}",
                self.created
            )));
        }
        if info.state.last_sequence < self.after {
            return Err(recreated(format!("it ends at sequence {} now", info.state.last_sequence)));
        }
        let begun = Session::begin(&self.broker, &self.filter, self.after).await;
        let (session, remaining) = begun.map_err(Begin::Lost)?;
        self.remaining.set(remaining);
        self.session = Some(session);
        Ok(())
    }
}

enum Begin {
    /// Another attempt may succeed.
    Lost(Lost),
    /// No other attempt will.
    Ended(ReadError),
}
