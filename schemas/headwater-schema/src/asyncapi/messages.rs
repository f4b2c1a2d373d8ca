use headwater_contract::{Contract, EventRef};
use serde_json::{Map, Value, json};

use super::document::{domain_tag, reference};
use super::payload;
use crate::TypeSchemas;

/// A message for each version of each event. The schemas that its payload refers to are added to `schemas`.
pub(super) fn all(
    events: &[&TypeSchemas],
    contracts: &[Contract],
    schemas: &mut Map<String, Value>,
) -> Value {
    let mut messages = Map::new();
    for event in events {
        messages.insert(message_key(&event.event), message(event, contracts, schemas));
    }
    Value::Object(messages)
}

/// How a message is called: component names have no `@`.
pub(super) fn message_key(event: &EventRef) -> String {
    format!("{}.v{}", event.name, event.version)
}

fn message(schemas: &TypeSchemas, contracts: &[Contract], components: &mut Map<String, Value>) -> Value {
    let TypeSchemas { event, event_type, doc, serialize, .. } = schemas;
    let mut tags = vec![domain_tag(event.name.domain())];
    let mut description = doc.clone();
    if let Some(sunset) = sunset(event, contracts) {
        tags.push(json!({ "name": "sunset", "description": format!("retires on {sunset}") }));
        description = format!("{description}\n\nThis version retires on {sunset}.").trim_start().to_owned();
    }
    let key = message_key(event);
    let payload = payload::schema(&key, serialize, components);
    components.insert(key.clone(), payload);
    let mut message = json!({
        "name": event_type,
        "title": event.to_string(),
        "summary": doc.lines().next().filter(|line| !line.is_empty()).unwrap_or(event_type),
        "contentType": "application/json",
        "correlationId": { "description": "All that one command led to.", "location": "$message.header#/ce-correlationid" },
        // Merged with the trait's; a list here would take the place of the trait's list of what is required.
        "headers": { "type": "object", "properties": { "ce-type": { "type": "string", "const": event_type } } },
        "payload": reference(&["components", "schemas", &key]),
        "tags": tags,
        "traits": [reference(&["components", "messageTraits", "cloudevent"])],
    });
    if !description.is_empty() {
        message["description"] = description.into();
    }
    let examples: Vec<_> =
        payload::examples(serialize).map(|example| json!({ "payload": example })).collect();
    if !examples.is_empty() {
        message["examples"] = examples.into();
    }
    message
}

/// The day on which the last of its publishers stops.
fn sunset(event: &EventRef, contracts: &[Contract]) -> Option<jiff::civil::Date> {
    let publications = contracts.iter().flat_map(|contract| &contract.publishes);
    let sunsets: Option<Vec<_>> = publications
        .filter(|publication| publication.event == *event)
        .map(|publication| Some(publication.sunset.as_ref()?.value))
        .collect();
    sunsets?.into_iter().max()
}
