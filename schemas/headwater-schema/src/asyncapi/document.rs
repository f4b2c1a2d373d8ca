use std::collections::BTreeSet;

use headwater_contract::Contract;
use serde_json::{Map, Value, json};

use super::{channels, headers, messages, operations};
use crate::{About, TypeSchemas};

/// The AsyncAPI 3.0.0 document of a system: a channel for each event, a message for each of its versions, and an
/// operation for each service that sends or receives it.
///
/// Payloads are what is written, as AsyncAPI schema objects. Those are of JSON Schema draft 7 with references that
/// begin at the root of the document, so the registered schemas are translated and not copied.
pub fn document(about: &About, contracts: &[Contract], events: &[TypeSchemas]) -> Value {
    let mut events: Vec<_> = events.iter().collect();
    events.sort_by(|one, other| one.event.cmp(&other.event));
    let mut schemas = Map::new();
    let messages = messages::all(&events, contracts, &mut schemas);
    json!({
        "asyncapi": "3.0.0",
        "info": info(about, contracts, &events),
        "defaultContentType": "application/json",
        "servers": { "nats": server(about) },
        "channels": channels::all(&events),
        "operations": operations::all(&events, contracts),
        "components": {
            "messages": messages,
            "messageTraits": { "cloudevent": headers::message_trait() },
            "schemas": schemas,
        },
    })
}

fn info(about: &About, contracts: &[Contract], events: &[&TypeSchemas]) -> Value {
    let domains: BTreeSet<_> = events.iter().map(|event| event.event.name.domain()).collect();
    let owners: BTreeSet<_> =
        contracts.iter().map(|contract| contract.service.owner.value.as_str()).collect();
    let mut tags: Vec<_> = domains.iter().map(|domain| domain_tag(domain)).collect();
    tags.extend(owners.iter().map(|owner| owner_tag(owner)));
    let mut info = json!({
        "title": about.title,
        "version": about.version,
        "description": about.description,
        "tags": tags,
    });
    if let Some(url) = &about.url {
        info["contact"] = json!({ "name": about.title, "url": url });
        info["externalDocs"] = json!({ "url": url });
    }
    if let Some(license) = &about.license {
        info["license"] = json!({ "name": license });
    }
    info
}

fn server(about: &About) -> Value {
    json!({
        "host": about.server,
        "protocol": "nats",
        "title": "NATS JetStream",
        "description": "A stream `EVT_<domain>` holds all events of a domain, durably and in order.",
        "tags": [{ "name": "jetstream" }],
    })
}

pub(super) fn domain_tag(domain: &str) -> Value {
    json!({ "name": format!("domain:{domain}"), "description": format!("events of the bounded context {domain}") })
}

pub(super) fn owner_tag(owner: &str) -> Value {
    json!({ "name": format!("owner:{owner}"), "description": format!("what {owner} answers for") })
}

/// A reference to a place in the document.
pub(super) fn reference(path: &[&str]) -> Value {
    let pointer: Vec<_> = path.iter().map(|part| part.replace('~', "~0").replace('/', "~1")).collect();
    json!({ "$ref": format!("#/{}", pointer.join("/")) })
}
