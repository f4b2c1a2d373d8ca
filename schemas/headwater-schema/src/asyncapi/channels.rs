use serde_json::{Map, Value, json};

use super::document::{domain_tag, reference};
use super::messages::message_key;
use crate::TypeSchemas;

/// A channel for each event, with a message for each version: the subject is the same for all of them.
pub(super) fn all(events: &[&TypeSchemas]) -> Value {
    let mut channels = Map::new();
    for schemas in events {
        let name = &schemas.event.name;
        let channel = channels.entry(name.to_string()).or_insert_with(|| {
            json!({
                "address": format!("evt.{name}.{{id}}"),
                "title": name.to_string(),
                "description": format!(
                    "The event `{}` of each `{}`, kept in the stream `EVT_{}`, in order for each id.",
                    name.event(), name.aggregate(), name.domain(),
                ),
                "messages": {},
                "parameters": { "id": {
                    "description": format!(
                        "Which {}. What a subject's token can't hold is percent-encoded.", name.aggregate()
                    ),
                    "location": "$message.header#/ce-subject",
                }},
                "servers": [reference(&["servers", "nats"])],
                "tags": [domain_tag(name.domain())],
            })
        });
        channel["messages"][version_key(schemas)] =
            reference(&["components", "messages", &message_key(&schemas.event)]);
    }
    Value::Object(channels)
}

/// How a version is called among the messages of its channel.
pub(super) fn version_key(schemas: &TypeSchemas) -> String {
    format!("v{}", schemas.event.version)
}
