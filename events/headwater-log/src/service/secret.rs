use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// A text that no log, no error and no `Debug` output shows.
#[derive(Clone)]
pub(super) struct Secret(String);

impl Secret {
    /// The text itself, for the one place that sends it to the server.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl FromStr for Secret {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}
