use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;

use super::parse;
use crate::finding::Finding;
use crate::names::EventRef;
use crate::place::{Place, Position};

/// What a service promises and expects: its `contract.toml`, with the place of everything in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contract {
    /// The file, as it is to be shown.
    pub path: PathBuf,
    /// All of its text.
    pub source: Arc<str>,
    /// `[service]`
    pub service: Service,
    /// `[publishes]`, in the order of the file.
    pub publishes: Vec<Publication>,
    /// `[subscribes]`, in the order of the file.
    pub subscribes: Vec<Subscription>,
    /// `[keeps]`, in the order of the file.
    pub keeps: Vec<Kept>,
}

/// Who the service is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Its name, which is its cargo package's.
    pub name: Spanned<String>,
    /// Who answers for it.
    pub owner: Spanned<String>,
    /// The bounded context whose events it may publish; who publishes has one.
    pub domain: Option<Spanned<String>>,
}

/// One version of an event that the service publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The event and its version.
    pub event: EventRef,
    /// The bytes of the entry: the event's name, or, when several versions are listed after it, this one's.
    pub span: Range<usize>,
    /// The bytes of the event's name.
    pub name_span: Range<usize>,
    /// That it may have no reader for now.
    pub unused_ok: Option<Exemption>,
    /// That it is read outside this repository.
    pub external: Option<External>,
    /// The day on which this version retires.
    pub sunset: Option<Spanned<Date>>,
}

/// Why a publication may have no reader, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exemption {
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Date,
    /// The bytes of the exemption.
    pub span: Range<usize>,
}

/// Who reads a publication outside this repository, and until when that is vouched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct External {
    /// Who reads it.
    pub owner: String,
    /// The last day on which it holds.
    pub until: Date,
    /// The bytes of the statement.
    pub span: Range<usize>,
}

/// An event that the service reads, in the version that its code knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The event and its version.
    pub event: EventRef,
    /// The bytes of the event's name.
    pub span: Range<usize>,
}

/// A table of the service's projection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The table.
    pub name: String,
    /// What it holds, for reviewers.
    pub text: String,
    /// The bytes of the name.
    pub span: Range<usize>,
}

/// A value and its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its bytes.
    pub span: Range<usize>,
}

impl Contract {
    /// Reads a contract; the path is only shown.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the file, not only the first of it.
    ///
    /// # Example: what a service reads, and where its contract says so
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use headwater_contract::{Contract, render};
    ///
    /// let source = "[service]\nname = \"delay-stats\"\nowner = \"punctuality\"\n\n\
    ///               [subscribes]\n\"flights.flight.departed\" = 2\n";
    /// let contract = Contract::parse(Path::new("subscribers/delay-stats/contract.toml"), source)
    ///     .map_err(|findings| render::terminal(&findings, false))?;
    /// let subscription = &contract.subscribes[0];
    /// assert_eq!(subscription.event.to_string(), "flights.flight.departed@2");
    /// assert_eq!(contract.line_of(&subscription.span), 6);
    /// # Ok::<(), String>(())
    /// ```
    pub fn parse(path: &Path, source: impl Into<Arc<str>>) -> Result<Self, Vec<Finding>> {
        parse::contract(path, source.into())
    }

    /// The service's name.
    pub fn name(&self) -> &str {
        &self.service.name.value
    }

    /// A stretch of the file.
    pub fn place(&self, span: Range<usize>) -> Place {
        Place::span(&self.path, Arc::clone(&self.source), span)
    }

    /// The line on which a stretch begins; the first is 1.
    pub fn line_of(&self, span: &Range<usize>) -> usize {
        Position::of(&self.source, span.start).line
    }
}
