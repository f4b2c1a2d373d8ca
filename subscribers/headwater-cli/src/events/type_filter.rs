use std::str::FromStr;

use headwater_event::{Domain, EventFilter, EventType, SubjectError};
use headwater_log::StoredEvent;

/// One event of a domain, in all its versions: `flight.departed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TypeFilter {
    aggregate: String,
    name: String,
}

impl TypeFilter {
    /// Whether `event` is one.
    pub(super) fn wants(&self, event: &StoredEvent) -> bool {
        let event_type = event.envelope.event_type();
        event_type
            .is_ok_and(|event_type| event_type.aggregate == self.aggregate && event_type.name == self.name)
    }

    /// The filter by which the log itself leaves out all others.
    pub(super) fn of(&self, domain: &Domain) -> Result<EventFilter, SubjectError> {
        let Self { aggregate, name } = self;
        // A filter looks neither at the namespace nor at the version.
        EventFilter::events(&[EventType {
            namespace: "",
            domain: domain.as_str(),
            aggregate,
            name,
            version: 1,
        }])
    }
}

impl FromStr for TypeFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let example = "write aggregate and event, as in flight.departed";
        let (aggregate, name) = text.split_once('.').ok_or(example)?;
        let filter = Self { aggregate: aggregate.to_owned(), name: name.to_owned() };
        let checked = "any".parse().and_then(|domain| filter.of(&domain));
        checked.map_err(|error| format!("{error}; {example}"))?;
        Ok(filter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_an_aggregate_and_an_event() {
        let filter: TypeFilter = "flight.departed".parse().unwrap();
        let subjects = filter.of(&"flights".parse().unwrap()).unwrap().subjects();
        assert_eq!(subjects, ["evt.flights.flight.departed.*"]);
        for text in
            ["", "flight", "flight.", ".departed", "flight.departed.v2", "*.departed", "Flight.departed"]
        {
            let error = text.parse::<TypeFilter>().unwrap_err();
            assert!(error.ends_with("write aggregate and event, as in flight.departed"), "{text}: {error}");
        }
    }
}
