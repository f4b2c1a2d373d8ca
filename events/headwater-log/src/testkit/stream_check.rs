use std::collections::HashMap;

use headwater_event::Domain;

use self::held::Held;
use self::report::Figures;
use super::{Claim, EventName};
use crate::{Log, StoredEvent};

mod batches;
mod claims;
mod error;
mod finding;
mod held;
mod raw;
mod report;
mod sequences;
#[cfg(test)]
mod tests;
mod versions;

pub use error::StreamCheckError;
pub use finding::{Evidence, Finding};
pub use report::StreamReport;

/// How many events are read at once.
const PAGE: usize = 1000;

/// Proves what a stream holds, from its first event to its last.
///
/// From the stream alone: sequences without a gap, and no event twice; and if it was read from the broker
/// ([`of_broker`](Self::of_broker)), every decision guarded by the version on which it stands, no two on the same one,
/// and every atomic batch in one piece.
///
/// With the claims of its writers ([`with_claims`](Self::with_claims)): whatever was said to be stored is there, where
/// it was said to be, whole, and on the version that its writer had seen; whatever was said to be refused is not there;
/// the rest is there once, wholly or not at all; and nothing else is there.
///
/// # Example: a log and its witness
///
/// ```no_run
/// # async fn example(log: headwater_log::Log) -> Result<(), Box<dyn std::error::Error>> {
/// use headwater_log::testkit::{StreamCheck, Witness};
///
/// let witness = Witness::of(log.clone());
/// // ... append through the witness, in any weather ...
/// let check = StreamCheck::of_log(&log, &"orders".parse()?).await?.with_claims(witness.claims());
/// check.report().assert_clean();
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct StreamCheck {
    held: Vec<Held>,
    /// The last sequence, as the stream itself names it.
    last: u64,
    claims: Option<Vec<Claim>>,
}

impl StreamCheck {
    /// Reads the stream of a domain through a log.
    ///
    /// # Errors
    ///
    /// [`StreamCheckError`] when it can't be read to its end, or holds something else than events.
    pub async fn of_log(log: &Log, domain: &Domain) -> Result<Self, StreamCheckError> {
        let last = log.info(domain).await?.last;
        let mut events: Vec<StoredEvent> = Vec::new();
        loop {
            let next = events.last().map_or(0, |event| event.sequence) + 1;
            let page = log.read(domain, next, PAGE).await?;
            if page.is_empty() {
                return Self::of_events(events, last);
            }
            events.extend(page);
        }
    }

    /// Reads the messages of a domain's stream as the broker's leader keeps them, with the guards under which they were
    /// stored.
    ///
    /// # Errors
    ///
    /// [`StreamCheckError`] when it can't be read to its end, or holds something else than events.
    pub async fn of_broker(client: &async_nats::Client, domain: &Domain) -> Result<Self, StreamCheckError> {
        let (held, last) = raw::read(client, domain).await?;
        Ok(Self { held, last, claims: None })
    }

    /// Takes events that somebody else has read, of a stream whose last sequence is `last`.
    ///
    /// # Errors
    ///
    /// [`StreamCheckError::NoAggregate`] when one of them happened to no aggregate.
    pub fn of_events(
        events: impl IntoIterator<Item = StoredEvent>,
        last: u64,
    ) -> Result<Self, StreamCheckError> {
        let held = events.into_iter().map(|event| Held::of_event(&event)).collect::<Result<_, _>>()?;
        Ok(Self { held, last, claims: None })
    }

    /// Adds what writers claim. Together, the claims must be those of all writers: what nobody claims must not be
    /// stored.
    #[must_use]
    pub fn with_claims(mut self, claims: impl IntoIterator<Item = Claim>) -> Self {
        self.claims.get_or_insert_default().extend(claims);
        self
    }

    /// Checks everything, and says what was found.
    #[must_use]
    pub fn report(&self) -> StreamReport {
        let mut findings = Vec::new();
        let mut figures = Figures { events: self.held.len(), ..Figures::default() };
        sequences::check(&self.held, self.last, &mut findings);
        batches::check(&self.held, &mut findings);
        let claims = self.claims.as_deref().map(ClaimsByEvent::new);
        versions::check(&self.held, claims.as_ref(), &mut figures, &mut findings);
        if let Some(claims) = &claims {
            claims::check(&self.held, claims, &mut figures, &mut findings);
        }
        StreamReport { figures, findings }
    }
}

/// The writers' claims, and which of them are about an event.
struct ClaimsByEvent<'a> {
    all: &'a [Claim],
    by_event: HashMap<&'a EventName, Vec<&'a Claim>>,
}

impl<'a> ClaimsByEvent<'a> {
    fn new(all: &'a [Claim]) -> Self {
        let mut by_event: HashMap<_, Vec<_>> = HashMap::new();
        for claim in all {
            for event in &claim.events {
                by_event.entry(event).or_default().push(claim);
            }
        }
        Self { all, by_event }
    }

    fn of(&self, event: &EventName) -> &[&'a Claim] {
        self.by_event.get(event).map_or(&[], Vec::as_slice)
    }
}
