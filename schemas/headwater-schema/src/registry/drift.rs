use std::collections::BTreeMap;

use headwater_contract::{Code, EventRef, Finding, Place};
use serde_json::Value;

use super::change::{Candidate, Change};
use super::rename::Rename;
use super::{Delta, Registry};
use crate::TypeSchemas;
use crate::compat::Mode;

/// How many differences a finding shows; `headwater schema diff` shows all.
const DELTAS_MAX: usize = 5;

impl Registry {
    /// Where the types are not what is registered. A corrected comment and a moved field are no drift.
    #[must_use]
    pub fn drift<'t>(&self, events: impl IntoIterator<Item = &'t TypeSchemas>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut types: BTreeMap<&EventRef, &TypeSchemas> = BTreeMap::new();
        for schemas in events {
            match types.insert(&schemas.event, schemas) {
                Some(other) if other.rust_type != schemas.rust_type => {
                    findings.push(claimed_twice(other, schemas))
                }
                _ => {}
            }
        }
        for schemas in types.into_values().filter(|schemas| !self.damaged.contains(&schemas.event)) {
            self.drift_of(schemas, &mut findings);
        }
        findings
    }

    /// Why a type of another repository can't read the events that are registered here. It need not be the
    /// same: a reader may know less.
    #[must_use]
    pub fn misread_by(&self, schemas: &TypeSchemas) -> Vec<Finding> {
        if !self.has_event(&schemas.event.name) {
            return Vec::new();
        }
        let whatever_was_written = Mode::BackwardTransitive;
        match Candidate::new(schemas).change(self, whatever_was_written) {
            Change::None | Change::Wording | Change::Compatible { .. } => Vec::new(),
            Change::New => vec![
                Finding::new(
                    Code::HW0001,
                    format!("{} has no schema in {}", schemas.event, self.directory.display()),
                )
                .note(format!("declared by {}", schemas.declaration()))
                .help("use a version that is registered there, or import a newer bundle"),
            ],
            Change::Incompatible(breaks) => breaks,
        }
    }

    fn drift_of(&self, schemas: &TypeSchemas, findings: &mut Vec<Finding>) {
        if let Some(finding) = self.foreign(schemas) {
            return findings.push(finding);
        }
        match Candidate::new(schemas).change(self, self.mode) {
            Change::None | Change::Wording => {}
            Change::New => findings.push(self.unregistered(schemas)),
            Change::Compatible { deltas, unread } => {
                findings.push(self.behind(schemas, &deltas, unread.as_ref()))
            }
            Change::Incompatible(breaks) => findings.extend(breaks),
        }
    }

    /// A type of another organisation can't be registered here: its documents would have another name.
    pub(super) fn foreign(&self, schemas: &TypeSchemas) -> Option<Finding> {
        let expected = self.event_type(&schemas.event);
        (schemas.event_type != expected).then(|| {
            let message = format!("the type of {} is {}, and not {expected}", schemas.event, schemas.event_type);
            Finding::new(Code::HW0001, message)
                .at(Place::file(self.directory.join(super::settings::FILE)))
                .note(format!("declared by {}", schemas.declaration()))
                .help(format!(
                    "write `namespace = \"{}\"` in its #[event(...)], or import it from where it is registered",
                    self.namespace
                ))
        })
    }

    fn unregistered(&self, schemas: &TypeSchemas) -> Finding {
        Finding::new(Code::HW0001, format!("{} has no registered schema", schemas.event))
            .at(Place::file(&self.directory))
            .note(format!("declared by {}", schemas.declaration()))
            .help(format!(
                "run `headwater schema accept`, and commit what it writes\n\
                 if it was registered and its files are gone, `git checkout -- {}`",
                self.directory.display()
            ))
    }

    fn behind(&self, schemas: &TypeSchemas, deltas: &[Delta], unread: Option<&Value>) -> Finding {
        let message = format!("{} has changed, and its registered schema has not", schemas.event);
        let place = self
            .newest(&schemas.event)
            .map_or_else(|| Place::file(&self.directory), |revision| Place::file(&revision.serialize.path));
        let mut finding = Finding::new(Code::HW0002, message).at(place).note(format!(
            "{} keeps {}, as the registry asks",
            schemas.declaration(),
            self.mode
        ));
        for delta in deltas.iter().take(DELTAS_MAX) {
            finding = finding.note(delta.to_string());
        }
        let more = deltas.len().saturating_sub(DELTAS_MAX);
        if more > 0 {
            finding = finding.note(format!("and {more} more"));
        }
        if let Some(witness) = unread {
            finding = finding.note(format!(
                "readers that were built before can't read what may be written now, so they are deployed first: {witness}"
            ));
        }
        let accept = "run `headwater schema accept`, and commit what it writes";
        // Compatible, and yet what is stored under the old name would not be found any more.
        let renamed: String =
            Rename::among(deltas).iter().map(|rename| format!("{}\n", rename.help())).collect();
        finding.help(if renamed.is_empty() {
            accept.to_owned()
        } else {
            format!("{renamed}otherwise {accept}")
        })
    }
}

fn claimed_twice(one: &TypeSchemas, other: &TypeSchemas) -> Finding {
    Finding::new(Code::HW0004, format!("two types claim {}", one.event))
        .note(format!("{} and {}", one.declaration(), other.declaration()))
        .help("give one of them another name in its #[event(...)], or the next version with `upcasts`")
}
