use headwater_contract::{Code, Finding, Place};
use serde_json::Value;

use super::breach;
use super::canonical::{document_text, is_registered_as};
use super::delta::{Delta, deltas};
use super::meaning::meaning;
use super::rename::Rename;
use super::{Registry, Revision, Side};
use crate::TypeSchemas;
use crate::compat::{self, Contracts, Mode, Verdict};

/// A type as it would be registered: the texts of both documents, without their digests.
pub(super) struct Candidate<'t> {
    pub(super) types: &'t TypeSchemas,
    pub(super) serialize: String,
    pub(super) deserialize: String,
}

/// How a type differs from what is registered.
pub(super) enum Change {
    /// Not at all.
    None,
    /// Nothing is registered for this version.
    New,
    /// Only in what people read.
    Wording,
    /// In a way that the registry's mode allows.
    Compatible {
        /// How.
        deltas: Vec<Delta>,
        /// A document that would be written now, and that a reader as it was registered last refuses.
        unread: Option<Value>,
    },
    /// In a way that it doesn't, or that nobody knows to allow.
    Incompatible(Vec<Finding>),
}

impl<'t> Candidate<'t> {
    pub(super) fn new(types: &'t TypeSchemas) -> Self {
        let text = |side, schema| document_text(&types.event_type, side, schema);
        Self {
            types,
            serialize: text(Side::Serialize, &types.serialize),
            deserialize: text(Side::Deserialize, &types.deserialize),
        }
    }

    /// Compares the type with the registry. Only what differs in its text is looked at any closer, so that
    /// the usual check is a comparison of texts.
    pub(super) fn change(&self, registry: &Registry, mode: Mode) -> Change {
        let revisions = registry.events.get(&self.types.event).map(Vec::as_slice).unwrap_or_default();
        let Some(newest) = revisions.last() else { return Change::New };
        let is_same = is_registered_as(&newest.serialize.text, &self.serialize)
            && is_registered_as(&newest.deserialize.text, &self.deserialize);
        if is_same {
            return Change::None;
        }
        let registered = match revisions.iter().map(contracts).collect::<Result<Vec<_>, _>>() {
            Ok(registered) => registered,
            Err(finding) => return Change::Incompatible(vec![*finding]),
        };
        let candidate = Contracts {
            serialize: self.types.serialize.clone(),
            deserialize: self.types.deserialize.clone(),
        };
        let Some(before) = registered.last() else { return Change::New };
        let [before_meaning, after_meaning] = [before, &candidate]
            .map(|contracts| [meaning(&contracts.serialize), meaning(&contracts.deserialize)]);
        if before_meaning == after_meaning {
            return Change::Wording;
        }
        let report = compat::compare(mode, &registered, &candidate);
        match report.verdict() {
            Verdict::Compatible => Change::Compatible {
                deltas: changed(&before_meaning, &after_meaning),
                unread: unread(&registered, &candidate),
            },
            Verdict::Incompatible | Verdict::Unknown => {
                // Whoever reads what is stored looks for the names there.
                let renames = Rename::among(&deltas(&before_meaning[1], &after_meaning[1]));
                Change::Incompatible(breach::findings(self.types, revisions, &report, &renames))
            }
        }
    }
}

fn unread(registered: &[Contracts], candidate: &Contracts) -> Option<Value> {
    let report = compat::compare(Mode::Forward, registered, candidate);
    report.breaks.into_iter().next().map(|breach| breach.witness)
}

/// What has changed on either side. A change of the type mostly shows on both.
fn changed(before: &[Value; 2], after: &[Value; 2]) -> Vec<Delta> {
    let mut changed = Vec::new();
    for delta in before.iter().zip(after).flat_map(|(before, after)| deltas(before, after)) {
        if !changed.contains(&delta) {
            changed.push(delta);
        }
    }
    changed
}

fn contracts(revision: &Revision) -> Result<Contracts, Box<Finding>> {
    let schema = |side| {
        let document = revision.document(side);
        document.schema().map_err(|error| -> Box<Finding> {
            Finding::new(Code::HW0003, format!("a registered schema is no JSON any more: {error}"))
                .at(Place::file(&document.path))
                .help(format!("restore the file with `git checkout -- {}`", document.path.display()))
                .into()
        })
    };
    Ok(Contracts { serialize: schema(Side::Serialize)?, deserialize: schema(Side::Deserialize)? })
}
