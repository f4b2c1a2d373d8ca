use std::fmt;
use std::str::FromStr;

/// Which of the two schemas of a type is meant. They differ: a field with a default is always written
/// and need not be there to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// What a writer produces: `v1.ser.json`.
    Serialize,
    /// What a reader accepts: `v1.de.json`.
    Deserialize,
}

impl Side {
    /// Both, in the order in which files are listed and written.
    pub const BOTH: [Self; 2] = [Self::Serialize, Self::Deserialize];

    /// The part of a file's name.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Serialize => "ser",
            Self::Deserialize => "de",
        }
    }
}

impl FromStr for Side {
    type Err = UnknownSide;

    fn from_str(text: &str) -> Result<Self, UnknownSide> {
        Self::BOTH.into_iter().find(|side| side.suffix() == text).ok_or(UnknownSide)
    }
}

/// A text that names neither side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write `ser` for what is written, or `de` for what can be read")]
pub struct UnknownSide;

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Serialize => "written",
            Self::Deserialize => "read",
        })
    }
}
