use askama::Template;
use headwater_contract::{Contract, EventName};

use super::event_page::{Reader, latest_doc, readers, versions};
use super::graph::Graph;
use super::page::{Page, PageError, event_path, service_path};
use crate::{About, TypeSchemas};

#[derive(Template)]
#[template(path = "catalogue/index.html")]
struct IndexPage<'a> {
    about: &'a About,
    root: &'static str,
    graph: Graph,
    domains: Vec<DomainRows>,
    services: Vec<ServiceRow<'a>>,
}

struct DomainRows {
    name: String,
    events: Vec<EventRow>,
}

struct EventRow {
    name: String,
    href: String,
    summary: String,
    versions: String,
    publishers: Vec<Link>,
    readers: Vec<Link>,
}

struct ServiceRow<'a> {
    service: Link,
    owner: &'a str,
    domain: Option<&'a str>,
    publishes: usize,
    reads: usize,
}

struct Link {
    text: String,
    /// None leads outside this repository.
    href: Option<String>,
}

pub(super) fn page<'a>(
    about: &'a About,
    contracts: &'a [Contract],
    events: &[TypeSchemas],
    names: &[EventName],
) -> Result<Page, PageError> {
    let mut domains: Vec<DomainRows> = Vec::new();
    for name in names {
        let row = event_row(name, contracts, events);
        match domains.last_mut() {
            Some(domain) if domain.name == name.domain() => domain.events.push(row),
            _ => domains.push(DomainRows { name: name.domain().to_owned(), events: vec![row] }),
        }
    }
    let service = |contract: &'a Contract| {
        let Contract { service, publishes, subscribes, .. } = contract;
        ServiceRow {
            service: service_link(&service.name.value),
            owner: &service.owner.value,
            domain: service.domain.as_ref().map(|domain| domain.value.as_str()),
            publishes: publishes.len(),
            reads: subscribes.len(),
        }
    };
    let mut services: Vec<_> = contracts.iter().map(service).collect();
    services.sort_by(|one, other| one.service.text.cmp(&other.service.text));
    let page = IndexPage { about, root: "", graph: Graph::of(contracts, names), domains, services };
    Page::render("index.html".to_owned(), &page)
}

fn event_row(name: &EventName, contracts: &[Contract], events: &[TypeSchemas]) -> EventRow {
    let publishes =
        |contract: &&Contract| contract.publishes.iter().any(|publication| publication.event.name == *name);
    let reader = |reader: Reader| match reader.href {
        Some(_) => service_link(&reader.name),
        None => Link { text: format!("{} (outside)", reader.owner), href: None },
    };
    EventRow {
        name: name.to_string(),
        href: event_path(name),
        summary: latest_doc(name, events).into_iter().next().unwrap_or_default(),
        versions: versions(name, contracts, events)
            .iter()
            .map(|version| format!("@{version}"))
            .collect::<Vec<_>>()
            .join(", "),
        publishers: contracts
            .iter()
            .filter(publishes)
            .map(|contract| service_link(contract.name()))
            .collect(),
        readers: readers(name, contracts).into_iter().map(reader).collect(),
    }
}

fn service_link(name: &str) -> Link {
    Link { text: name.to_owned(), href: Some(service_path(name)) }
}
