use headwater_contract::{Contract, EventName, EventRef};
use serde_json::{Map, Value, json};

use super::channels::version_key;
use super::document::{owner_tag, reference};
use crate::TypeSchemas;

/// An operation for each event that a service publishes or subscribes to.
pub(super) fn all(events: &[&TypeSchemas], contracts: &[Contract]) -> Value {
    let mut operations = Map::new();
    for contract in contracts {
        let mut published: Vec<&EventName> = contract.publishes.iter().map(|p| &p.event.name).collect();
        published.sort();
        published.dedup();
        for name in published {
            let is_sent = |event: &EventRef| contract.publishes.iter().any(|sent| sent.event == *event);
            let sent = versions(events, name, is_sent);
            insert(&mut operations, contract, Action::Send, name, sent);
        }
        for subscription in &contract.subscribes {
            // A subject names no version, so a reader takes all that come.
            let read = &subscription.event;
            let taken = versions(events, &read.name, |event| is_upcast(events, event, read));
            insert(&mut operations, contract, Action::Receive, &read.name, taken);
        }
    }
    Value::Object(operations)
}

#[derive(Clone, Copy)]
enum Action {
    Send,
    Receive,
}

/// The versions of an event that are declared and that `included` takes.
fn versions(events: &[&TypeSchemas], name: &EventName, included: impl Fn(&EventRef) -> bool) -> Vec<String> {
    let of_name = events.iter().filter(|schemas| schemas.event.name == *name);
    of_name.filter(|schemas| included(&schemas.event)).map(|schemas| version_key(schemas)).collect()
}

/// Whether upcasters lead from one version of an event to another.
fn is_upcast(events: &[&TypeSchemas], from: &EventRef, to: &EventRef) -> bool {
    let upcasts = |version| {
        let mut of_name = events.iter().filter(|schemas| schemas.event.name == to.name);
        of_name.any(|schemas| schemas.event.version == version && schemas.upcasts)
    };
    from.version <= to.version && (from.version + 1..=to.version).all(upcasts)
}

fn insert(
    operations: &mut Map<String, Value>,
    contract: &Contract,
    action: Action,
    name: &EventName,
    versions: Vec<String>,
) {
    // What no events crate declares has no channel. The gate says so; here it is left out.
    if versions.is_empty() {
        return;
    }
    let service = contract.name();
    let (action, verb) = match action {
        Action::Send => ("send", "publishes"),
        Action::Receive => ("receive", "reads"),
    };
    let channel = name.to_string();
    let messages: Vec<_> =
        versions.iter().map(|version| reference(&["channels", &channel, "messages", version])).collect();
    operations.insert(
        format!("{service}.{action}.{name}"),
        json!({
            "action": action,
            "channel": reference(&["channels", &channel]),
            "title": format!("{service} {verb} {name}"),
            "summary": format!("`{service}` {verb} `{name}`."),
            "description": format!("As the contract of `{service}` says, which {} answers for.", contract.service.owner.value),
            "messages": messages,
            "tags": [
                { "name": format!("service:{service}"), "description": format!("what {service} does") },
                owner_tag(&contract.service.owner.value),
            ],
        }),
    );
}
