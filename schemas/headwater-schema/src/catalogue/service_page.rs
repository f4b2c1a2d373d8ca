use askama::Template;
use headwater_contract::{Contract, EventRef};

use super::event_page::{latest_doc, notes};
use super::page::{Page, PageError, event_path, service_path};
use crate::{About, TypeSchemas};

#[derive(Template)]
#[template(path = "catalogue/service.html")]
struct ServicePage<'a> {
    about: &'a About,
    root: &'static str,
    contract: &'a Contract,
    path: String,
    publishes: Vec<Row>,
    reads: Vec<Row>,
}

struct Row {
    event: EventRef,
    href: String,
    summary: String,
    notes: Vec<String>,
}

pub(super) fn page(about: &About, contract: &Contract, events: &[TypeSchemas]) -> Result<Page, PageError> {
    let row = |event: &EventRef, notes| Row {
        event: event.clone(),
        href: event_path(&event.name),
        summary: latest_doc(&event.name, events).into_iter().next().unwrap_or_default(),
        notes,
    };
    let page = ServicePage {
        about,
        root: "../",
        contract,
        path: contract.path.display().to_string(),
        publishes: contract.publishes.iter().map(|p| row(&p.event, notes(p))).collect(),
        reads: contract.subscribes.iter().map(|s| row(&s.event, Vec::new())).collect(),
    };
    Page::render(service_path(contract.name()), &page)
}
