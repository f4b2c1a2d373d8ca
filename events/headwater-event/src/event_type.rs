use std::fmt;

/// The name of an event: `<namespace>.<domain>.<aggregate>.<name>.v<version>`, the CloudEvents `type`.
///
/// The namespace is a reverse-DNS name, as CloudEvents 1.0 asks for. The version is the *major*
/// version: a compatible change keeps it, a breaking one makes a new type with an upcaster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventType<'a> {
    /// The reverse-DNS name of the organisation that defines the event.
    pub namespace: &'a str,
    /// The bounded context, which owns one stream.
    pub domain: &'a str,
    /// The kind of aggregate.
    pub aggregate: &'a str,
    /// What happened, in the past tense.
    pub name: &'a str,
    /// The major version, from 1.
    pub version: u32,
}

impl<'a> EventType<'a> {
    /// Reads the text form.
    ///
    /// # Errors
    ///
    /// [`EventTypeError`] when a part is missing or the version isn't `v` and a number from 1.
    pub fn parse(text: &'a str) -> Result<Self, EventTypeError> {
        let error = || EventTypeError { text: text.to_owned() };
        let mut parts = text.rsplitn(5, '.');
        let version = parts.next().and_then(parse_version).ok_or_else(error)?;
        let mut part = || parts.next().filter(|part| !part.is_empty()).ok_or_else(error);
        let (name, aggregate, domain, namespace) = (part()?, part()?, part()?, part()?);
        Ok(Self { namespace, domain, aggregate, name, version })
    }

    /// Whether the two are the same event, in whatever versions.
    #[must_use]
    pub fn is_version_of(&self, other: &EventType<'_>) -> bool {
        self.name == other.name
            && self.aggregate == other.aggregate
            && self.domain == other.domain
            && self.namespace == other.namespace
    }

    /// Whether this is the version right before `newer` of the same event. Usable in constants, so that
    /// the derive can check a chain of upcasters when a crate is compiled.
    #[must_use]
    pub const fn is_predecessor_of(&self, newer: &EventType<'_>) -> bool {
        self.is_about_same_aggregate_as(newer)
            && same(self.name, newer.name)
            && newer.version == self.version + 1
    }

    /// Whether the two belong to the same kind of aggregate, of the same domain and namespace.
    #[must_use]
    pub const fn is_about_same_aggregate_as(&self, other: &EventType<'_>) -> bool {
        same(self.namespace, other.namespace)
            && same(self.domain, other.domain)
            && same(self.aggregate, other.aggregate)
    }

    /// Whether a contract has one name for the two: it names neither namespace nor version there.
    pub(crate) const fn is_named_as(&self, other: &EventType<'_>) -> bool {
        same(self.domain, other.domain)
            && same(self.aggregate, other.aggregate)
            && same(self.name, other.name)
    }

    /// The URI of the schema of this event's data, the CloudEvents `dataschema`.
    #[must_use]
    pub fn data_schema(&self) -> String {
        format!("urn:headwater:schema:{self}")
    }
}

impl fmt::Display for EventType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}.{}.v{}", self.namespace, self.domain, self.aggregate, self.name, self.version)
    }
}

/// Equality of text in a constant, where `==` isn't to be had.
const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut index = 0;
    while index < one.len() && index < other.len() && one[index] == other[index] {
        index += 1;
    }
    index == one.len() && index == other.len()
}

fn parse_version(text: &str) -> Option<u32> {
    let digits = text.strip_prefix('v')?;
    let canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    if canonical { digits.parse().ok() } else { None }
}

/// A CloudEvents `type` that doesn't name one of our events.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an event type like `org.example.orders.order.paid.v1`")]
pub struct EventTypeError {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPARTED: EventType<'static> = EventType {
        namespace: "org.example",
        domain: "flights",
        aggregate: "flight",
        name: "departed",
        version: 2,
    };

    #[test]
    fn reads_what_it_writes() {
        assert_eq!(DEPARTED.to_string(), "org.example.flights.flight.departed.v2");
        assert_eq!(EventType::parse(&DEPARTED.to_string()), Ok(DEPARTED));
    }

    #[test]
    fn refuses_names_with_missing_parts_or_odd_versions() {
        for text in [
            "",
            "departed.v2",
            "flights.flight.departed.v2",
            "a.b.c.d",
            "a.b.c.d.v0",
            "a.b.c.d.v01",
            "a.b.c.d.v+1",
            "a..c.d.v1",
        ] {
            assert!(EventType::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn knows_another_version_of_the_same_event() {
        assert!(EventType { version: 1, ..DEPARTED }.is_version_of(&DEPARTED));
        assert!(!EventType { name: "arrived", ..DEPARTED }.is_version_of(&DEPARTED));
    }
}
