use std::path::{Path, PathBuf};
use std::slice;
use std::sync::Arc;

use headwater_event::{Envelope, EventType};
use headwater_log::StoredEvent;
use headwater_log::service::report;
use headwater_schema::registry::Registry;
use headwater_schema::samples;
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use super::projected::{apply, open};
use crate::{ApplyError, Projection, ProjectorError};

/// Checks that the projection accepts whatever may be in the stream: for each event that it applies, documents of each registered version
/// are read, upcast and applied.
///
/// The documents are made from the schemas of what is written, in `schemas/registry` of the crate's directory or of one above it: the plainest, and ones
/// with what is optional, each alternative, and values at the edges of their types. A refusal by the
/// projection itself, [`ApplyError::Refused`], is no failure: the documents know nothing of each other.
///
/// # Panics
///
/// When a document can't be read, or makes the projection panic; the message has all of these. Also when a version isn't registered.
pub fn accepts_every_registered_version<P: Projection>() {
    accepts_every_version_in::<P>(&registry_above(&crate_directory()));
}

/// The same with the registry in `directory`.
///
/// # Panics
///
/// As [`accepts_every_registered_version`], and when there is no registry.
pub fn accepts_every_version_in<P: Projection>(directory: &Path) {
    let mut documents: Vec<Vec<Registered>> =
        P::EVENTS.iter().map(|event| documents_of(*event, directory)).collect();
    // The plainest of each event first, so that what they are about is known to the projection.
    let most = documents.iter().map(Vec::len).max().unwrap_or_default();
    let mut ordered = Vec::new();
    for _ in 0..most {
        for of_event in &mut documents {
            if !of_event.is_empty() {
                ordered.push(of_event.remove(0));
            }
        }
    }
    assert!(!ordered.is_empty(), "{} applies no event", P::NAME);

    let store = TempDir::new().expect("a temporary directory can be made");
    let (_, mut applier) = open(&Arc::new(P::new()), store.path());
    let mut failures = Vec::new();
    for (sequence, document) in (1..).zip(&ordered) {
        match apply(&mut applier, slice::from_ref(&document.stored(sequence))) {
            Ok(()) => {}
            Err(ProjectorError::Apply { source, .. }) if matches!(*source, ApplyError::Refused(_)) => {}
            Err(ProjectorError::Apply { source, .. }) => failures.push(document.failure(&report(&*source))),
            Err(error) => failures.push(document.failure(&report(&error))),
        }
    }
    assert!(
        failures.is_empty(),
        "{} does not accept {} of {} documents of registered versions:{}",
        P::NAME,
        failures.len(),
        ordered.len(),
        failures.iter().take(FAILURES_SHOWN).map(String::as_str).collect::<String>()
    );
}

const FAILURES_SHOWN: usize = 10;

/// A document of a registered version.
struct Registered {
    /// `flights.flight.departed@1`
    event: String,
    event_type: String,
    /// The file of its schema.
    schema: PathBuf,
    data: String,
}

impl Registered {
    fn stored(&self, sequence: u64) -> StoredEvent {
        let stored_at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(sequence.cast_signed());
        let id = format!("registered-{sequence}");
        let envelope = Envelope::builder(id, "/testkit", self.event_type.as_str())
            .subject("registered")
            .time(stored_at)
            .json(self.data.clone(), format!("urn:headwater:schema:{}", self.event_type))
            .build();
        StoredEvent { sequence, stored_at, envelope: envelope.expect("a registered event has an envelope") }
    }

    fn failure(&self, why: &str) -> String {
        format!(
            "\n  {} ({})\n    document: {}\n    got:      {why}",
            self.event,
            self.schema.display(),
            self.data
        )
    }
}

/// Documents of all registered versions, plainest first.
fn documents_of(event: EventType<'_>, directory: &Path) -> Vec<Registered> {
    let loaded = match Registry::load(Path::new(""), directory) {
        Ok(loaded) => loaded,
        Err(finding) => panic!("the registry can't be read: {finding:?}"),
    };
    assert!(loaded.findings.is_empty(), "the registry is damaged: {:?}", loaded.findings);
    let name = format!("{}.{}.{}", event.domain, event.aggregate, event.name);
    let versions: Vec<_> =
        loaded.registry.events.iter().filter(|(registered, _)| registered.name.to_string() == name).collect();
    assert!(
        versions.iter().any(|(registered, _)| registered.version == event.version),
        "{name}@{} is not registered in {}; run `headwater schema accept`",
        event.version,
        directory.display()
    );
    let mut documents = Vec::new();
    for (registered, revisions) in versions {
        for revision in revisions {
            let schema = revision.serialize.schema().expect("a registered schema is JSON");
            let of_revision = samples(&schema);
            assert!(
                !of_revision.is_empty(),
                "no document of {} could be made",
                revision.serialize.path.display()
            );
            documents.extend(of_revision.into_iter().enumerate().map(|(index, document)| {
                let registered = Registered {
                    event: registered.to_string(),
                    event_type: loaded.registry.event_type(registered),
                    schema: revision.serialize.path.clone(),
                    data: document.to_string(),
                };
                (index, registered)
            }));
        }
    }
    documents.sort_by_key(|(index, _)| *index);
    documents.into_iter().map(|(_, registered)| registered).collect()
}

/// Where cargo runs the tests of a crate.
fn crate_directory() -> PathBuf {
    let named = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    named.or_else(|| std::env::current_dir().ok()).unwrap_or_default()
}

fn registry_above(directory: &Path) -> PathBuf {
    let registries = directory.ancestors().map(|above| above.join("schemas/registry"));
    let found = registries.into_iter().find(|registry| registry.join("registry.toml").is_file());
    found.unwrap_or_else(|| {
        panic!(
            "there is no schemas/registry in {} or above it; name yours with `accepts_every_version_in`",
            directory.display()
        )
    })
}
