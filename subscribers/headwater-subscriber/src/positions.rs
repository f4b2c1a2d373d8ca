use std::collections::BTreeMap;
use std::fmt;

use headwater_event::{Domain, SubjectError};
use serde::Deserialize;
use serde::ser::{Serialize, SerializeMap as _, Serializer};

/// Up to where the streams of a projection are read: by domain, the sequence of the last event.
///
/// A domain that isn't named is at 0, before its first event. As text: `flights=12, weather=3`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, u64>")]
pub struct Positions(BTreeMap<Domain, u64>);

impl Positions {
    /// The sequence in the stream of the domain.
    #[must_use]
    pub fn of(&self, domain: &str) -> u64 {
        self.iter().find(|(name, _)| name.as_str() == domain).map_or(0, |(_, sequence)| sequence)
    }

    /// Whether all that the other positions name is read here.
    #[must_use]
    pub fn have_reached(&self, others: &Self) -> bool {
        others.iter().all(|(domain, sequence)| self.0.get(domain).copied().unwrap_or(0) >= sequence)
    }

    /// The domains and their sequences, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&Domain, u64)> {
        self.0.iter().map(|(domain, &sequence)| (domain, sequence))
    }

    /// Takes over whatever the other positions name.
    pub(crate) fn advance(&mut self, others: &Self) {
        others.iter().for_each(|(domain, sequence)| self.set(domain, sequence));
    }

    /// Goes back to wherever the other positions are behind, in the domains that are named here.
    pub(crate) fn lower(&mut self, others: &Self) {
        for (domain, sequence) in &mut self.0 {
            *sequence = others.0.get(domain).copied().unwrap_or(0).min(*sequence);
        }
    }

    /// Puts the stream of the domain at this sequence.
    pub fn set(&mut self, domain: &Domain, sequence: u64) {
        match self.0.get_mut(domain) {
            Some(at) => *at = sequence,
            None => drop(self.0.insert(domain.clone(), sequence)),
        }
    }
}

impl FromIterator<(Domain, u64)> for Positions {
    fn from_iter<I: IntoIterator<Item = (Domain, u64)>>(positions: I) -> Self {
        Self(positions.into_iter().collect())
    }
}

impl fmt::Display for Positions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (domain, sequence)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{}={sequence}", domain.as_str())?;
        }
        Ok(())
    }
}

/// As a map from domain to sequence.
impl Serialize for Positions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (domain, sequence) in self.iter() {
            map.serialize_entry(domain.as_str(), &sequence)?;
        }
        map.end()
    }
}

impl TryFrom<BTreeMap<String, u64>> for Positions {
    type Error = SubjectError;

    fn try_from(positions: BTreeMap<String, u64>) -> Result<Self, SubjectError> {
        positions.into_iter().map(|(domain, sequence)| Ok((domain.parse()?, sequence))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(of: &[(&str, u64)]) -> Positions {
        of.iter().map(|&(domain, sequence)| (domain.parse().unwrap(), sequence)).collect()
    }

    #[test]
    fn what_is_not_named_is_before_its_first_event() {
        let one = positions(&[("flights", 12), ("weather", 3)]);
        assert_eq!((one.of("flights"), one.of("crew")), (12, 0));
        assert!(one.have_reached(&Positions::default()));
        assert!(one.have_reached(&positions(&[("flights", 12)])));
        assert!(!one.have_reached(&positions(&[("flights", 11), ("weather", 4)])));
        assert!(!one.have_reached(&positions(&[("crew", 1)])));
        assert!(one.have_reached(&positions(&[("crew", 0)])));
    }

    #[test]
    fn is_written_in_the_order_of_the_domains() {
        let one = positions(&[("weather", 3), ("flights", 12)]);
        assert_eq!(one.to_string(), "flights=12, weather=3");
        let json = serde_json::to_string(&one).unwrap();
        assert_eq!(json, r#"{"flights":12,"weather":3}"#);
        assert_eq!(serde_json::from_str::<Positions>(&json).unwrap(), one);
        assert!(serde_json::from_str::<Positions>(r#"{"no domain":1}"#).is_err());
    }
}
