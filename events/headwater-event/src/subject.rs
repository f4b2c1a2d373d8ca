use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::EventType;

/// The longest aggregate id, in bytes of its escaped form. The server's control line holds 4,096 bytes
/// by default, and a subject shares it with a reply subject and the sizes.
const ID_BYTES_MAX: usize = 1024;

/// What a subject's token may hold as it is. Everything else is percent-encoded, the percent sign too,
/// so that no id can look like a wildcard, end a token, or collide with another id's escaped form.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// A bounded context. It owns one stream, `EVT_<domain>`, in which all its events are stored.
///
/// Cloning is cheap.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Domain(Arc<str>);

impl Domain {
    /// The stream that holds the domain's events.
    #[must_use]
    pub fn stream(&self) -> String {
        format!("EVT_{}", self.0)
    }

    /// The domain whose events the stream `name` holds, if it is one of ours.
    #[must_use]
    pub fn of_stream(name: &str) -> Option<Self> {
        name.strip_prefix("EVT_")?.parse().ok()
    }

    /// The subjects of all events of the domain.
    #[must_use]
    pub fn subjects(&self) -> String {
        format!("evt.{}.>", self.0)
    }

    /// The stream that holds the notes that are kept beside the domain's events.
    #[must_use]
    pub fn notes_stream(&self) -> String {
        format!("NOTES_{}", self.0)
    }

    /// The subjects of all notes of the domain.
    #[must_use]
    pub fn note_subjects(&self) -> String {
        format!("note.{}.>", self.0)
    }

    /// The domain's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Domain {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        check_name("domain", text)?;
        Ok(Self(text.into()))
    }
}

/// One aggregate: what a decision is about, and what events of one decision are ordered by.
///
/// Its id is any non-empty text; subjects hold it escaped.
///
/// Cloning is cheap: the name of an aggregate goes wherever its events and errors go.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Aggregate(Arc<Names>);

#[derive(Debug, PartialEq, Eq)]
struct Names {
    domain: Domain,
    name: String,
    id: String,
    /// The id as a subject holds it, where that is something else.
    escaped_id: Option<String>,
}

/// The id tells almost all aggregates of a process apart.
impl Hash for Names {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl Aggregate {
    /// The aggregate `id` of the kind `name` in `domain`.
    ///
    /// # Errors
    ///
    /// [`SubjectError`] when a name isn't one, or the id is empty or longer than a subject can hold.
    pub fn new(domain: Domain, name: &str, id: impl Into<String>) -> Result<Self, SubjectError> {
        check_name("aggregate", name)?;
        let id = id.into();
        let escaped_id = Cow::from(utf8_percent_encode(&id, ESCAPED));
        let escaped_id = (escaped_id != id).then(|| escaped_id.into_owned());
        if id.is_empty() {
            return Err(SubjectError::EmptyId);
        }
        let bytes = escaped_id.as_ref().unwrap_or(&id).len();
        if bytes > ID_BYTES_MAX {
            return Err(SubjectError::LongId { bytes });
        }
        Ok(Self(Arc::new(Names { domain, name: name.to_owned(), id, escaped_id })))
    }

    /// The aggregate that `subject` is about, and the event's name.
    ///
    /// # Errors
    ///
    /// [`SubjectError::NotOurs`] when the subject isn't `evt.<domain>.<aggregate>.<event>.<id>`.
    pub fn of_subject(subject: &str) -> Result<(Self, &str), SubjectError> {
        let error = || SubjectError::NotOurs { subject: subject.to_owned() };
        let mut tokens = subject.split('.');
        let mut token = || tokens.next().ok_or_else(error);
        let (prefix, domain, name, event, id) = (token()?, token()?, token()?, token()?, token()?);
        if prefix != "evt" || tokens.next().is_some() {
            return Err(error());
        }
        check_name("event", event)?;
        let id = percent_decode_str(id).decode_utf8().map_err(|_| error())?;
        Ok((Self::new(domain.parse()?, name, id)?, event))
    }

    /// The domain that owns the aggregate.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.0.domain
    }

    /// The kind of aggregate.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The id, unescaped.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The subject on which the aggregate's event `name` is stored.
    #[must_use]
    pub fn subject(&self, name: &str) -> String {
        ["evt", &self.0.domain.0, &self.0.name, name, self.escaped_id()].join(".")
    }

    /// The same for an event's name that may be none.
    ///
    /// # Errors
    ///
    /// [`SubjectError::Name`] when it can't be a subject's token: `*` would be a wildcard there.
    pub fn checked_subject(&self, name: &str) -> Result<String, SubjectError> {
        check_name("event", name)?;
        Ok(self.subject(name))
    }

    /// The subject on which what is noted as `name` beside the aggregate's events is kept.
    #[must_use]
    pub fn note_subject(&self, name: &str) -> String {
        ["note", &self.0.domain.0, &self.0.name, self.escaped_id(), name].join(".")
    }

    fn escaped_id(&self) -> &str {
        self.0.escaped_id.as_ref().unwrap_or(&self.0.id)
    }

    /// The filter that matches all events of this aggregate and nothing else.
    ///
    /// It is also *the* guard of every append: on a replicated stream the server finds writes in flight
    /// by this exact string, so two writers that used different filters would not see each other.
    #[must_use]
    pub fn filter(&self) -> String {
        self.subject("*")
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} {:?}", self.0.domain, self.0.name, self.0.id)
    }
}

/// Which events of a domain a reader wants. The server filters, so what isn't wanted isn't sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventFilter {
    domain: Domain,
    /// Aggregate and event name; none means all.
    events: Vec<(String, String)>,
}

impl EventFilter {
    /// All events of a domain.
    #[must_use]
    pub fn all(domain: Domain) -> Self {
        Self { domain, events: Vec::new() }
    }

    /// The named events of a domain, in all their versions.
    ///
    /// # Errors
    ///
    /// [`SubjectError`] when there is none, when they aren't of one domain, or when a name isn't one.
    pub fn events(types: &[EventType<'_>]) -> Result<Self, SubjectError> {
        let domain: Domain = types.first().ok_or(SubjectError::NoEvents)?.domain.parse()?;
        let mut events = Vec::new();
        for event in types {
            if event.domain != domain.as_str() {
                return Err(SubjectError::SeveralDomains {
                    one: domain.to_string(),
                    other: event.domain.to_owned(),
                });
            }
            check_name("aggregate", event.aggregate)?;
            check_name("event", event.name)?;
            let name = (event.aggregate.to_owned(), event.name.to_owned());
            if !events.contains(&name) {
                events.push(name);
            }
        }
        Ok(Self { domain, events })
    }

    /// The domain whose stream is read.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The subject filters, for a server.
    #[must_use]
    pub fn subjects(&self) -> Vec<String> {
        if self.events.is_empty() {
            return vec![self.domain.subjects()];
        }
        self.events
            .iter()
            .map(|(aggregate, event)| format!("evt.{}.{aggregate}.{event}.*", self.domain))
            .collect()
    }

    /// Whether an event on `subject` is wanted.
    #[must_use]
    pub fn matches(&self, subject: &str) -> bool {
        let mut tokens = subject.split('.');
        let head = (tokens.next(), tokens.next());
        if head != (Some("evt"), Some(self.domain.as_str())) {
            return false;
        }
        let (Some(aggregate), Some(event)) = (tokens.next(), tokens.next()) else { return false };
        self.events.is_empty() || self.events.iter().any(|(a, e)| a == aggregate && e == event)
    }
}

fn check_name(what: &'static str, name: &str) -> Result<(), SubjectError> {
    let valid = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-');
    if valid { Ok(()) } else { Err(SubjectError::Name { what, name: name.to_owned() }) }
}

/// A name or an id that no subject can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// A domain, aggregate or event is called something that can't be a subject's token.
    #[error("{name:?} can't name the {what}: use a lower-case letter, then letters, digits, `-` and `_`")]
    Name {
        /// What was to be named.
        what: &'static str,
        /// The name that was given.
        name: String,
    },
    /// An aggregate must have a name.
    #[error("an aggregate's id must not be empty")]
    EmptyId,
    /// The id doesn't fit into a subject.
    #[error(
        "an aggregate's id takes {bytes} bytes when escaped, and at most {ID_BYTES_MAX} fit into a subject"
    )]
    LongId {
        /// The length of the escaped id.
        bytes: usize,
    },
    /// The subject isn't one that an event is stored on.
    #[error("{subject:?} is not a subject like `evt.<domain>.<aggregate>.<event>.<id>`")]
    NotOurs {
        /// The subject.
        subject: String,
    },
    /// A filter for nothing.
    #[error("a reader of no event at all was asked for; name at least one")]
    NoEvents,
    /// One filter is for one stream.
    #[error("one reader can't read the events of two domains, {one} and {other}; make a reader for each")]
    SeveralDomains {
        /// The first event's domain.
        one: String,
        /// Another event's domain.
        other: String,
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn order(id: &str) -> Result<Aggregate, SubjectError> {
        Aggregate::new("orders".parse().unwrap(), "order", id)
    }

    #[test]
    fn escapes_what_would_change_a_subjects_meaning() {
        let aggregate = order("a b.c*>%é").unwrap();
        assert_eq!(aggregate.subject("paid"), "evt.orders.order.paid.a%20b%2Ec%2A%3E%25%C3%A9");
        assert_eq!(aggregate.filter(), "evt.orders.order.*.a%20b%2Ec%2A%3E%25%C3%A9");
        assert_eq!(aggregate.note_subject("state"), "note.orders.order.a%20b%2Ec%2A%3E%25%C3%A9.state");
        assert_eq!(order("*").unwrap().subject("paid"), "evt.orders.order.paid.%2A");
        assert_eq!(order("a-b_7").unwrap().subject("paid"), "evt.orders.order.paid.a-b_7");
    }

    #[test]
    fn refuses_empty_and_overlong_ids() {
        assert_eq!(order(""), Err(SubjectError::EmptyId));
        assert_eq!(order(&"é".repeat(171)), Err(SubjectError::LongId { bytes: 1026 }));
    }

    #[test]
    fn refuses_names_that_are_no_tokens() {
        for name in ["", "Orders", "a.b", "a b", "*", ">", "1st", "é"] {
            assert!(name.parse::<Domain>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_filter_matches_its_events_only() {
        let paid = EventType::parse("x.orders.order.paid.v1").unwrap();
        let filter = EventFilter::events(&[paid, EventType { version: 2, ..paid }]).unwrap();
        assert_eq!(filter.subjects(), ["evt.orders.order.paid.*"]);
        assert!(filter.matches("evt.orders.order.paid.7"));
        assert!(!filter.matches("evt.orders.order.shipped.7"));
        assert!(EventFilter::all("orders".parse().unwrap()).matches("evt.orders.order.shipped.7"));
        assert!(!EventFilter::all("orders".parse().unwrap()).matches("evt.stock.item.moved.7"));
    }

    proptest! {
        #[test]
        fn every_id_survives_its_subject(id in "\\PC{1,80}") {
            let aggregate = order(&id).unwrap();
            let subject = aggregate.subject("paid");
            prop_assert_eq!(subject.split('.').count(), 5);
            prop_assert!(subject.bytes().all(|b| b.is_ascii_graphic() && b != b'*' && b != b'>'));
            prop_assert_eq!(Aggregate::of_subject(&subject).unwrap(), (aggregate, "paid"));
        }
    }
}
