use std::borrow::Cow;

use super::AttributeValue;

/// Extension attributes, by name. There are few.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Extensions(Vec<(Cow<'static, str>, AttributeValue)>);

/// The extensions that we write, whose names needn't be made anew for each event.
const COMMON: [&str; 4] = ["correlationid", "causationid", "traceparent", "tracestate"];

impl Extensions {
    pub(super) fn get(&self, name: &str) -> Option<&AttributeValue> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &AttributeValue)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// Sets an extension, and returns the value that it had.
    pub(super) fn insert(&mut self, name: &str, value: AttributeValue) -> Option<AttributeValue> {
        let found = self.0.binary_search_by(|(found, _)| found.as_ref().cmp(name));
        match found {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                if self.0.is_empty() {
                    self.0.reserve_exact(COMMON.len());
                }
                let common = COMMON.iter().find(|common| **common == name);
                let name =
                    common.map_or_else(|| Cow::Owned(name.to_owned()), |common| Cow::Borrowed(*common));
                self.0.insert(at, (name, value));
                None
            }
        }
    }
}
