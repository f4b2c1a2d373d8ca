use std::str::FromStr;

use headwater_event::{Domain, SubjectError};

/// A stream as operators name it: by its domain, `flights`, or as the broker does, `EVT_flights`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StreamName(pub(crate) Domain);

impl FromStr for StreamName {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        Domain::of_stream(text).map_or_else(|| text.parse(), Ok).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_domain_or_its_stream() {
        let flights = StreamName("flights".parse().unwrap());
        assert_eq!("flights".parse(), Ok(flights.clone()));
        assert_eq!("EVT_flights".parse(), Ok(flights));
        assert!("KV_flights".parse::<StreamName>().is_err());
    }
}
