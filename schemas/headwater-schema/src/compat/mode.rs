use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Direction;

/// What a new version owes to the versions before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mode {
    /// Its reader takes what the last version's writer wrote.
    Backward,
    /// The last version's reader takes what its writer writes.
    Forward,
    /// Both.
    Full,
    /// Its reader takes what the writers of all versions wrote, as a replay needs.
    BackwardTransitive,
    /// The readers of all versions take what its writer writes.
    ForwardTransitive,
    /// Both.
    FullTransitive,
    /// Every document of the last version's schema is one of its schema, both open as they are written; nothing is known of
    /// serde.
    Subset,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 7] = [
        Self::Backward,
        Self::Forward,
        Self::Full,
        Self::BackwardTransitive,
        Self::ForwardTransitive,
        Self::FullTransitive,
        Self::Subset,
    ];

    /// The name, as a registry writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backward => "BACKWARD",
            Self::Forward => "FORWARD",
            Self::Full => "FULL",
            Self::BackwardTransitive => "BACKWARD_TRANSITIVE",
            Self::ForwardTransitive => "FORWARD_TRANSITIVE",
            Self::FullTransitive => "FULL_TRANSITIVE",
            Self::Subset => "SUBSET",
        }
    }

    /// Whether all versions count, and not the last one only.
    #[must_use]
    pub const fn is_transitive(self) -> bool {
        matches!(self, Self::BackwardTransitive | Self::ForwardTransitive | Self::FullTransitive)
    }

    pub(super) const fn directions(self) -> &'static [Direction] {
        match self {
            Self::Backward | Self::BackwardTransitive | Self::Subset => &[Direction::Backward],
            Self::Forward | Self::ForwardTransitive => &[Direction::Forward],
            Self::Full | Self::FullTransitive => &[Direction::Backward, Direction::Forward],
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A name that is no mode's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no mode is named {name:?}; there are BACKWARD, FORWARD and FULL, each also with _TRANSITIVE, and SUBSET"
)]
pub struct UnknownMode {
    /// The name.
    pub name: String,
}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(name: &str) -> Result<Self, UnknownMode> {
        let wanted = name.to_ascii_uppercase().replace('-', "_");
        let mode = Self::ALL.into_iter().find(|mode| mode.as_str() == wanted);
        mode.ok_or_else(|| UnknownMode { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_its_own_names_in_either_case_with_either_dash() {
        for mode in Mode::ALL {
            let name = mode.to_string();
            assert_eq!(name.parse(), Ok(mode));
            assert_eq!(name.to_lowercase().parse(), Ok(mode));
            assert_eq!(name.to_lowercase().replace('_', "-").parse(), Ok(mode));
        }
        assert!("BACKWARDS".parse::<Mode>().is_err());
    }
}
