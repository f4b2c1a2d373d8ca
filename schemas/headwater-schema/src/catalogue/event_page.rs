use std::collections::BTreeSet;

use askama::Template;
use headwater_contract::{Contract, EventName, Publication};

use super::doc_text::paragraphs;
use super::fields::{Definition, definitions};
use super::page::{Page, PageError, event_path, service_path};
use crate::{About, TypeSchemas};

#[derive(Template)]
#[template(path = "catalogue/event.html")]
struct EventPage<'a> {
    about: &'a About,
    root: &'static str,
    name: &'a EventName,
    doc: Vec<String>,
    publishers: Vec<Publisher<'a>>,
    publishers_have_notes: bool,
    readers: Vec<Reader>,
    readers_have_notes: bool,
    versions: Vec<Version<'a>>,
}

struct Publisher<'a> {
    name: &'a str,
    href: String,
    owner: &'a str,
    version: u32,
    notes: Vec<String>,
}

/// Who reads an event.
pub(super) struct Reader {
    pub(super) name: String,
    /// The reader's page; none outside this repository.
    pub(super) href: Option<String>,
    pub(super) owner: String,
    version: u32,
    note: String,
}

struct Version<'a> {
    number: u32,
    /// What its type says; none when no events crate declares it.
    schemas: Option<Described<'a>>,
    sunset: Option<String>,
    is_latest: bool,
}

struct Described<'a> {
    schemas: &'a TypeSchemas,
    definitions: Vec<Definition>,
    examples: Vec<String>,
    written: String,
    read: String,
}

pub(super) fn page(
    about: &About,
    contracts: &[Contract],
    events: &[TypeSchemas],
    name: &EventName,
) -> Result<Page, PageError> {
    let numbers = versions(name, contracts, events);
    let latest = numbers.last().copied();
    let version = |number: &u32| Version {
        number: *number,
        schemas: find(name, *number, events).map(describe),
        sunset: sunset(name, *number, contracts),
        is_latest: Some(*number) == latest,
    };
    let (publishers, readers) = (publishers(name, contracts), readers(name, contracts));
    let page = EventPage {
        about,
        root: "../",
        name,
        doc: latest_doc(name, events),
        publishers_have_notes: publishers.iter().any(|publisher| !publisher.notes.is_empty()),
        publishers,
        readers_have_notes: readers.iter().any(|reader| !reader.note.is_empty()),
        readers,
        // The one that is written today first.
        versions: numbers.iter().rev().map(version).collect(),
    };
    Page::render(event_path(name), &page)
}

/// All events that are declared, published or read, in order.
pub(super) fn names(contracts: &[Contract], events: &[TypeSchemas]) -> Vec<EventName> {
    let declared = events.iter().map(|schemas| &schemas.event);
    let published = contracts.iter().flat_map(|contract| contract.publishes.iter().map(|p| &p.event));
    let read = contracts.iter().flat_map(|contract| contract.subscribes.iter().map(|s| &s.event));
    let names: BTreeSet<_> = declared.chain(published).chain(read).map(|event| event.name.clone()).collect();
    names.into_iter().collect()
}

/// The versions of an event that are declared, published or read, in order.
pub(super) fn versions(name: &EventName, contracts: &[Contract], events: &[TypeSchemas]) -> Vec<u32> {
    let declared = events.iter().map(|schemas| &schemas.event);
    let published = contracts.iter().flat_map(|contract| contract.publishes.iter().map(|p| &p.event));
    let read = contracts.iter().flat_map(|contract| contract.subscribes.iter().map(|s| &s.event));
    let all = declared.chain(published).chain(read).filter(|event| event.name == *name);
    all.map(|event| event.version).collect::<BTreeSet<_>>().into_iter().collect()
}

/// What the newest type of an event says about it.
pub(super) fn latest_doc(name: &EventName, events: &[TypeSchemas]) -> Vec<String> {
    let of_name = events.iter().filter(|schemas| schemas.event.name == *name);
    let latest = of_name.max_by_key(|schemas| schemas.event.version);
    let described = latest.and_then(|schemas| schemas.serialize.get("description")?.as_str());
    paragraphs(described.or(latest.map(|schemas| schemas.doc.as_str())).unwrap_or_default())
}

/// Who reads an event, in this repository and, as far as its publishers say, outside.
pub(super) fn readers(name: &EventName, contracts: &[Contract]) -> Vec<Reader> {
    let mut readers = Vec::new();
    for contract in contracts {
        for subscription in contract.subscribes.iter().filter(|s| s.event.name == *name) {
            readers.push(Reader {
                name: contract.name().to_owned(),
                href: Some(service_path(contract.name())),
                owner: contract.service.owner.value.clone(),
                version: subscription.event.version,
                note: String::new(),
            });
        }
        for publication in contract.publishes.iter().filter(|p| p.event.name == *name) {
            readers.extend(publication.external.iter().map(|external| Reader {
                name: "outside this repository".to_owned(),
                href: None,
                owner: external.owner.clone(),
                version: publication.event.version,
                note: format!("vouched for until {}", external.until),
            }));
        }
    }
    readers
}

/// What is to be known about a publication besides its version.
pub(super) fn notes(publication: &Publication) -> Vec<String> {
    let sunset = publication.sunset.as_ref().map(|sunset| format!("retires on {}", sunset.value));
    let external = publication
        .external
        .as_ref()
        .map(|external| format!("read outside by {} until {}", external.owner, external.until));
    let unused = publication
        .unused_ok
        .as_ref()
        .map(|unused| format!("may have no reader until {}: {}", unused.until, unused.reason));
    [sunset, external, unused].into_iter().flatten().collect()
}

fn publishers<'a>(name: &EventName, contracts: &'a [Contract]) -> Vec<Publisher<'a>> {
    let of = |contract: &'a Contract| {
        contract.publishes.iter().filter(|p| p.event.name == *name).map(move |publication| Publisher {
            name: contract.name(),
            href: service_path(contract.name()),
            owner: &contract.service.owner.value,
            version: publication.event.version,
            notes: notes(publication),
        })
    };
    contracts.iter().flat_map(of).collect()
}

fn sunset(name: &EventName, version: u32, contracts: &[Contract]) -> Option<String> {
    let publications = contracts.iter().flat_map(|contract| &contract.publishes);
    let mut of_version = publications.filter(|p| p.event.name == *name && p.event.version == version);
    of_version.find_map(|publication| Some(publication.sunset.as_ref()?.value.to_string()))
}

fn find<'a>(name: &EventName, version: u32, events: &'a [TypeSchemas]) -> Option<&'a TypeSchemas> {
    events.iter().find(|schemas| schemas.event.name == *name && schemas.event.version == version)
}

fn describe(schemas: &TypeSchemas) -> Described<'_> {
    let pretty = |value| serde_json::to_string_pretty(value).unwrap_or_default();
    let examples = schemas.serialize.get("examples").and_then(|examples| examples.as_array());
    Described {
        schemas,
        definitions: definitions(&schemas.serialize, schemas.event.version),
        examples: examples.into_iter().flatten().map(pretty).collect(),
        written: pretty(&schemas.serialize),
        read: pretty(&schemas.deserialize),
    }
}
