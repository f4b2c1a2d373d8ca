use std::fmt;
use std::str::FromStr;

use syn::Ident;

use super::words::pascal;

/// The name of a crate to be: words in lower case with hyphens between them, as in `gate-times`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CrateName(String);

/// Why a text is no [`CrateName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CrateNameError {
    /// Not words in lower case.
    #[error(
        "write lower-case words with hyphens between them, each beginning with a letter, as in gate-times"
    )]
    Words,
    /// A word of the language.
    #[error("{name} is a keyword of Rust; add a word to it, as in {name}-times")]
    Keyword {
        /// The name.
        name: String,
    },
    /// A crate that every crate has, or that the new one is to depend on.
    #[error("{name} is the name of a library; add a word to it, as in {name}-times")]
    Library {
        /// The name.
        name: String,
    },
}

/// What the new crates call by these names.
const LIBRARIES: [&str; 10] =
    ["alloc", "core", "std", "test", "build", "jiff", "schemars", "serde", "serde-json", "thiserror"];

impl CrateName {
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// What code calls it: `gate_times`.
    pub(super) fn ident(&self) -> String {
        self.0.replace('-', "_")
    }

    /// Its main type: `GateTimes`.
    pub(super) fn type_name(&self) -> String {
        pascal(&self.0)
    }
}

impl FromStr for CrateName {
    type Err = CrateNameError;

    fn from_str(name: &str) -> Result<Self, CrateNameError> {
        let is_word = |word: &str| {
            word.starts_with(|first: char| first.is_ascii_lowercase())
                && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
        };
        if !name.split('-').all(is_word) {
            return Err(CrateNameError::Words);
        }
        if LIBRARIES.contains(&name) {
            return Err(CrateNameError::Library { name: name.to_owned() });
        }
        if !name.contains('-') && syn::parse_str::<Ident>(name).is_err() {
            return Err(CrateNameError::Keyword { name: name.to_owned() });
        }
        Ok(Self(name.to_owned()))
    }
}

impl fmt::Display for CrateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_words_in_lower_case() {
        let name: CrateName = "gate-times".parse().unwrap();
        assert_eq!((name.ident(), name.type_name()), ("gate_times".to_owned(), "GateTimes".to_owned()));
        for text in ["", "Gate", "gate_times", "gate--times", "gate-", "2-gates", "gate-2", "gäte", "../gate"]
        {
            assert_eq!(text.parse::<CrateName>(), Err(CrateNameError::Words), "{text:?}");
        }
    }

    #[test]
    fn is_nothing_that_code_calls_otherwise() {
        for text in ["type", "serde", "test"] {
            let error = text.parse::<CrateName>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text}-times")), "{error}");
        }
    }
}
