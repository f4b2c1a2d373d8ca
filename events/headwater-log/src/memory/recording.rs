mod error;
mod line;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use headwater_event::{Aggregate, Domain, Envelope, Fingerprint};
use jiff::Timestamp;

use crate::StoredEvent;

pub use error::{RecordingError, RecordingProblem};

/// Events as text: what was stored when something failed, kept as a file beside the test that replays it.
///
/// It has one CloudEvent in JSON (structured mode) on each line, as `headwater events tail --format json` prints them,
/// with one more attribute: `streamsequence`, the event's place in its stream. All events of a domain have it, or none;
/// those that have none are numbered from 1, in their order. Sequences rise within a domain, and there may be gaps
/// between them: a recording of one aggregate has the sequences of its events, so that what expects a version or names
/// a sequence means what it meant when it was recorded. Empty lines mean nothing.
///
/// When an event was stored isn't part of the text: it is read as stored when it happened.
///
/// # Example: the history of an order, as the command prints it
///
/// ```
/// use headwater_log::Recording;
///
/// let recording: Recording = r#"
/// {"specversion":"1.0","id":"c1/0","source":"/till","type":"org.example.orders.order.placed.v1","subject":"7"}
/// {"specversion":"1.0","id":"c2/0","source":"/till","type":"org.example.orders.order.paid.v1","subject":"7"}
/// "#
/// .parse()?;
/// let paid = recording.events().nth(1).unwrap();
/// assert_eq!((paid.sequence, paid.envelope.id()), (2, "c2/0"));
/// # Ok::<(), headwater_log::RecordingError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recording {
    events: Vec<(Aggregate, StoredEvent)>,
}

impl Recording {
    /// Reads a recording from a file.
    ///
    /// # Errors
    ///
    /// [`RecordingError`], with the number of the line that isn't right.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, RecordingError> {
        let path = path.as_ref();
        let text = fs::read_to_string(path).map_err(|error| RecordingError::unreadable(path, error))?;
        text.parse().map_err(|error: RecordingError| error.in_file(path))
    }

    /// A recording of what was read from a log. Lines are counted as they will be written.
    ///
    /// # Errors
    ///
    /// [`RecordingError`] when an event isn't of an aggregate, or they aren't in the order of one log.
    pub fn of(events: impl IntoIterator<Item = StoredEvent>) -> Result<Self, RecordingError> {
        let mut recorder = Recorder::default();
        for (event, line) in events.into_iter().zip(1..) {
            let StoredEvent { sequence, stored_at, envelope } = event;
            let recorded = recorder.add(line, Some(sequence), stored_at, envelope);
            recorded.map_err(|problem| RecordingError::on_line(line, problem))?;
        }
        Ok(recorder.recording)
    }

    /// What a log holds is right.
    pub(super) fn of_stored<'a>(events: impl IntoIterator<Item = &'a StoredEvent>) -> Self {
        let placed = |event: &StoredEvent| Some((aggregate(&event.envelope).ok()?, event.clone()));
        Self { events: events.into_iter().filter_map(placed).collect() }
    }

    /// The events, in their order.
    pub fn events(&self) -> impl Iterator<Item = &StoredEvent> {
        self.events.iter().map(|(_, event)| event)
    }

    /// The aggregates to which the events happened, each once, in the order of their first events.
    #[must_use]
    pub fn aggregates(&self) -> Vec<&Aggregate> {
        let mut aggregates = Vec::new();
        for (aggregate, _) in &self.events {
            if !aggregates.contains(&aggregate) {
                aggregates.push(aggregate);
            }
        }
        aggregates
    }

    /// The events of one aggregate, with their sequences.
    #[must_use]
    pub fn of_aggregate(&self, aggregate: &Aggregate) -> Self {
        let events = self.events.iter().filter(|(other, _)| other == aggregate);
        Self { events: events.cloned().collect() }
    }

    /// The events with their aggregates.
    pub(super) fn placed(&self) -> impl Iterator<Item = (&Aggregate, &StoredEvent)> {
        self.events.iter().map(|(aggregate, event)| (aggregate, event))
    }
}

/// One line for each event.
impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.events().try_for_each(|event| writeln!(f, "{}", line::write(event).map_err(|_| fmt::Error)?))
    }
}

impl FromStr for Recording {
    type Err = RecordingError;

    fn from_str(text: &str) -> Result<Self, RecordingError> {
        let mut recorder = Recorder::default();
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
        for (number, line) in lines {
            let recorded = line::read(line).and_then(|(sequence, envelope)| {
                let happened = envelope.time().unwrap_or(Timestamp::UNIX_EPOCH);
                recorder.add(number, sequence, happened, envelope)
            });
            recorded.map_err(|problem| RecordingError::on_line(number, problem))?;
        }
        Ok(recorder.recording)
    }
}

/// A recording in the making.
#[derive(Default)]
struct Recorder {
    recording: Recording,
    domains: BTreeMap<Domain, LastOfDomain>,
    lines: HashMap<Fingerprint, usize>,
}

struct LastOfDomain {
    sequence: u64,
    /// Whether its line says its sequence.
    said: bool,
}

impl Recorder {
    fn add(
        &mut self,
        line: usize,
        said: Option<u64>,
        stored_at: Timestamp,
        envelope: Envelope,
    ) -> Result<(), RecordingProblem> {
        let aggregate = aggregate(&envelope)?;
        if let Some(first) = self.lines.insert(envelope.fingerprint(), line) {
            return Err(RecordingProblem::Twice { event: envelope.id().to_owned(), first });
        }
        let last = self.domains.get(aggregate.domain());
        if last.is_some_and(|last| last.said != said.is_some()) {
            return Err(RecordingProblem::HalfNumbered { domain: aggregate.domain().clone() });
        }
        let last = last.map_or(0, |last| last.sequence);
        let sequence = said.unwrap_or(last + 1);
        if sequence <= last {
            return Err(RecordingProblem::Order { sequence, last });
        }
        let of_domain = LastOfDomain { sequence, said: said.is_some() };
        self.domains.insert(aggregate.domain().clone(), of_domain);
        self.recording.events.push((aggregate, StoredEvent { sequence, stored_at, envelope }));
        Ok(())
    }
}

/// The aggregate to which an event happened.
fn aggregate(envelope: &Envelope) -> Result<Aggregate, RecordingProblem> {
    let problem = |problem: String| RecordingProblem::NotOurs { problem };
    let event_type = envelope.event_type().map_err(|error| problem(error.to_string()))?;
    let id = envelope.subject().ok_or_else(|| problem("it has no `subject`".to_owned()))?;
    let domain = event_type
        .domain
        .parse()
        .map_err(|error: headwater_event::SubjectError| problem(error.to_string()))?;
    Aggregate::new(domain, event_type.aggregate, id).map_err(|error| problem(error.to_string()))
}
