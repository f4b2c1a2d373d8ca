use std::cmp::Ordering;
use std::path::Path;

use crate::code::{Code, Severity};
use crate::place::Place;

/// Something that is wrong, where it is, why, and what to do about it.
///
/// # Example: a finding, as cargo shows it
///
/// ```
/// use headwater_contract::{Code, Finding, Place, render};
///
/// let finding = Finding::new(Code::HW0001, "flights.flight.gated@1 has no registered schema")
///     .at(Place::file("schemas/registry"))
///     .help("run `headwater schema accept`");
/// assert_eq!(
///     render::cargo(&[finding]),
///     "cargo::error=[HW0001] flights.flight.gated@1 has no registered schema\n\
///      cargo::error=  --> schemas/registry\n\
///      cargo::error=  help: run `headwater schema accept`\n"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which kind.
    pub code: Code,
    /// Whether it fails the build; the code's own severity unless someone changed it.
    pub severity: Severity,
    /// What is wrong, in one line, without the code.
    pub message: String,
    /// Where, if it is in a file at all.
    pub place: Option<Place>,
    /// Other places that belong to it.
    pub related: Vec<Place>,
    /// Why.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
}

impl Finding {
    /// A finding without place; the other methods add to it.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            message: message.into(),
            place: None,
            related: Vec::new(),
            notes: Vec::new(),
            help: None,
        }
    }

    /// Says where it is.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Adds another place that belongs to it.
    #[must_use]
    pub fn related(mut self, place: Place) -> Self {
        self.related.push(place);
        self
    }

    /// Adds a reason.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Whether it fails the build.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The order in which findings are shown: by file, by position, by code; what has no place comes last.
    pub fn reading_order(&self, other: &Self) -> Ordering {
        key(self).cmp(&key(other))
    }
}

fn key(finding: &Finding) -> (bool, Option<&Path>, Option<usize>, Code, &str) {
    let place = finding.place.as_ref();
    let start = place.and_then(|place| place.excerpt.as_ref()).map(|excerpt| excerpt.span.start);
    (place.is_none(), place.map(|place| place.path.as_path()), start, finding.code, &finding.message)
}
