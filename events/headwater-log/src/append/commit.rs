use std::collections::HashSet;

use headwater_event::{Aggregate, AttributeValue, Domain, Envelope, EventType, Fingerprint};

use super::AppendError;

/// Events to be appended to one aggregate, all or none, if its version is the expected one.
#[derive(Debug, Clone)]
pub struct Append {
    /// The aggregate to which the events happened.
    pub aggregate: Aggregate,
    /// The sequence of the aggregate's last event, as the writer knows it; 0 when there is none yet.
    pub expected: u64,
    /// The events, in their order; at least one.
    pub events: Vec<Envelope>,
}

impl Append {
    /// How many events one append may have, and one commit: as many as the broker takes in an atomic batch.
    pub const EVENTS_MAX: usize = 1000;

    /// Every check that needs no log, for a log that takes messages of `bytes_max`: what passes is refused
    /// later only for what the log holds, or by a server that takes less.
    ///
    /// # Errors
    ///
    /// [`AppendError::Invalid`] when there is no event, too many, one that isn't of this aggregate, or one
    /// twice; [`AppendError::TooLarge`] when a message would exceed `bytes_max`.
    pub fn check(&self, bytes_max: usize) -> Result<(), AppendError> {
        Commit::from(self.clone()).into_parts(bytes_max).map(drop)
    }
}

/// Appends to aggregates of one domain: all of them are stored, or none. Each has its own expected version.
#[derive(Debug, Clone)]
pub struct Commit {
    first: Append,
    others: Vec<Append>,
}

impl Commit {
    /// This one too: to another aggregate of the same domain. What is wrong with it, the log tells.
    #[must_use]
    pub fn and(mut self, append: Append) -> Self {
        self.others.push(append);
        self
    }

    /// The domain whose stream the events go to.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        self.first.aggregate.domain()
    }

    /// The appends, in the order in which they are stored.
    pub fn appends(&self) -> impl Iterator<Item = &Append> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The appends as both logs store them, after every check that needs no log.
    ///
    /// # Errors
    ///
    /// [`AppendError::Invalid`] when there is no event, too many, one that isn't of its aggregate, one twice, or an
    /// aggregate twice or of another domain; [`AppendError::TooLarge`] when a message would exceed `bytes_max`.
    pub(crate) fn into_parts(self, bytes_max: usize) -> Result<Vec<Part>, AppendError> {
        let domain = self.domain().clone();
        let several = !self.others.is_empty() || self.first.events.len() > 1;
        let mut check =
            Check { domain, several, bytes_max, events: 0, aggregates: HashSet::new(), ids: HashSet::new() };
        std::iter::once(self.first).chain(self.others).map(|append| check.part(append)).collect()
    }
}

impl From<Append> for Commit {
    fn from(first: Append) -> Self {
        Self { first, others: Vec::new() }
    }
}

/// An append on its way into a log.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) aggregate: Aggregate,
    pub(crate) expected: u64,
    pub(crate) events: Vec<NewEvent>,
}

/// An event on its way into a log.
#[derive(Debug)]
pub(crate) struct NewEvent {
    pub(crate) subject: String,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) envelope: Envelope,
}

/// Whether the event happened to the aggregate.
pub(crate) fn is_about(event: &Envelope, event_type: EventType<'_>, aggregate: &Aggregate) -> bool {
    event_type.domain == aggregate.domain().as_str()
        && event_type.aggregate == aggregate.name()
        && event.subject() == Some(aggregate.id())
}

/// What one commit has had so far.
struct Check {
    domain: Domain,
    several: bool,
    bytes_max: usize,
    events: usize,
    aggregates: HashSet<Aggregate>,
    ids: HashSet<Fingerprint>,
}

impl Check {
    fn part(&mut self, append: Append) -> Result<Part, AppendError> {
        let Append { aggregate, expected, events } = append;
        let invalid = |problem: String| AppendError::Invalid { aggregate: aggregate.clone(), problem };
        if events.is_empty() {
            return Err(invalid("there is no event to append".to_owned()));
        }
        self.events += events.len();
        if self.events > Append::EVENTS_MAX {
            let problem = format!("it has {} events, and at most {} fit", self.events, Append::EVENTS_MAX);
            return Err(invalid(problem));
        }
        if *aggregate.domain() != self.domain {
            return Err(invalid(format!("it is stored together with events of the domain {}", self.domain)));
        }
        if self.several && !self.aggregates.insert(aggregate.clone()) {
            return Err(invalid("it is appended to twice at once".to_owned()));
        }
        let events =
            events.into_iter().map(|event| self.event(&aggregate, event)).collect::<Result<_, _>>()?;
        Ok(Part { aggregate, expected, events })
    }

    fn event(&mut self, aggregate: &Aggregate, envelope: Envelope) -> Result<NewEvent, AppendError> {
        let invalid = |problem: String| AppendError::Invalid { aggregate: aggregate.clone(), problem };
        let event_type = envelope.event_type().map_err(|error| invalid(error.to_string()))?;
        if !is_about(&envelope, event_type, aggregate) {
            let (id, event_type) = (envelope.id(), envelope.type_name());
            return Err(invalid(format!("the event {id:?} of type {event_type} is about another")));
        }
        let subject =
            aggregate.checked_subject(event_type.name).map_err(|error| invalid(error.to_string()))?;
        let fingerprint = envelope.fingerprint();
        if self.several && !self.ids.insert(fingerprint) {
            return Err(invalid(format!("it has the event {:?} twice", envelope.id())));
        }
        if is_small(&envelope, &subject, self.bytes_max) {
            return Ok(NewEvent { subject, fingerprint, envelope });
        }
        let header_bytes = header_bytes(&envelope, &subject);
        if header_bytes > HEADER_BYTES_MAX {
            return Err(invalid(format!(
                "the attributes of the event {:?} take {header_bytes} bytes, and at most {HEADER_BYTES_MAX} fit",
                envelope.id()
            )));
        }
        let bytes = header_bytes + envelope.data().len();
        if bytes > self.bytes_max {
            return Err(AppendError::TooLarge { aggregate: aggregate.clone(), bytes, max: self.bytes_max });
        }
        Ok(NewEvent { subject, fingerprint, envelope })
    }
}

/// The largest message, in bytes, headers included, of a log inside the process: what a NATS server takes by
/// default, so that what fits here fits there.
pub(crate) const MESSAGE_BYTES_MAX: usize = 1024 * 1024;

/// A server's limit for the headers of a stored message (error 10097): their length is kept in 16 bits.
const HEADER_BYTES_MAX: usize = 65_535;

/// What the frame around the headers and those that the log adds take at most: the message id, the
/// expected version, the names of the guard's header and of a batch's headers, and their values.
const LOG_HEADER_BYTES: usize = 256;

/// Whether an event is so far from every limit that nothing needs to be counted, as almost all are.
fn is_small(event: &Envelope, subject: &str, bytes_max: usize) -> bool {
    /// The names of an event's own attributes, the time, and what stands between them.
    const NAMES_AND_TIME: usize = 256;
    let own = [Some(event.id()), Some(event.source()), Some(event.type_name()), event.subject()];
    let data = [event.data_content_type(), event.data_schema()];
    let own: usize = own.into_iter().chain(data).flatten().map(str::len).sum();
    let extension = |(name, value): (&str, &AttributeValue)| {
        name.len() + if let AttributeValue::Text(text) = value { text.len() } else { 11 } + "ce-: \r\n".len()
    };
    let extensions: usize = event.extensions().map(extension).sum();
    // A byte that is percent-encoded takes three.
    let header_bytes = LOG_HEADER_BYTES + subject.len() + NAMES_AND_TIME + 3 * (own + extensions);
    header_bytes <= HEADER_BYTES_MAX && header_bytes + event.data().len() <= bytes_max
}

/// How many bytes a server counts for an event's headers, at most. Both logs count alike, so that what fits
/// into one fits into the other.
fn header_bytes(event: &Envelope, subject: &str) -> usize {
    let attributes: usize =
        event.headers().map(|(name, value)| name.len() + value.len() + ": \r\n".len()).sum();
    // The guard's value is about as long as the subject: a wildcard stands for the event's name.
    LOG_HEADER_BYTES + subject.len() + attributes
}
