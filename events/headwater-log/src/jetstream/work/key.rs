use std::fmt;
use std::str::FromStr;

use headwater_event::Aggregate;

/// What events are ordered by: the aggregate, as a subject names it.
///
/// It is taken from the subject, and so also known of a message that is no event. Its text, `<domain>.<aggregate>.<id>` with the
/// id escaped, is also what operators call it.
///
/// ```
/// use headwater_log::WorkKey;
///
/// let key = WorkKey::of_subject("evt.orders.order.paid.a%20b");
/// assert_eq!(key.to_string(), "orders.order.a%20b");
/// assert_eq!(key.to_string().parse(), Ok(key));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkKey(String);

impl WorkKey {
    /// The key of what is stored on `evt.<domain>.<aggregate>.<event>.<id>`.
    #[must_use]
    pub fn of_subject(subject: &str) -> Self {
        let mut tokens = subject.split('.').skip(1);
        let mut token = || tokens.next().filter(|token| !token.is_empty()).unwrap_or("%");
        let (domain, aggregate, _event) = (token(), token(), token());
        let id = token();
        Self([domain, aggregate, id].join("."))
    }

    /// The key of an aggregate's events.
    #[must_use]
    pub fn of(aggregate: &Aggregate) -> Self {
        Self::of_subject(&aggregate.subject("any"))
    }

    /// The key's text: three tokens of a subject.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WorkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for WorkKey {
    type Err = WorkKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Whatever a subject can have: also of a message that is no event, a key is read back as it was written.
        let is_token =
            |token: &str| !["", "*", ">"].contains(&token) && !token.contains([' ', '\t', '\r', '\n', '\0']);
        if text.split('.').count() == 3 && text.split('.').all(is_token) {
            Ok(Self(text.to_owned()))
        } else {
            Err(WorkKeyError { text: text.to_owned() })
        }
    }
}

/// A text that names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a key like `orders.order.7`: a domain, an aggregate, and an id as subjects have it")]
pub struct WorkKeyError {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_a_subject_is_read_back() {
        for id in ["7", "a%20b", "\u{fc}ber", "a*b", "\u{1}"] {
            let key = WorkKey::of_subject(&format!("evt.orders.order.paid.{id}"));
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        let short = WorkKey::of_subject("evt.orders");
        assert_eq!(short.to_string().parse(), Ok(short));
    }

    #[test]
    fn what_no_subject_holds_is_no_key() {
        for text in
            ["", "orders.order", "orders.order.7.8", "orders..7", "orders.order.*", "orders.order.a b"]
        {
            assert!(text.parse::<WorkKey>().is_err(), "{text}");
        }
    }
}
