use std::cmp::Reverse;
use std::collections::HashSet;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::{Event, EventType};

/// What one version of an event looks like as JSON: as it is written, and as it is read.
///
/// The two differ: a field with `#[serde(default)]` may be missing from what is read and never is from what
/// is written.
#[derive(Debug, Clone, PartialEq)]
pub struct EventSchema {
    /// The event and its version.
    pub event_type: EventType<'static>,
    /// The path of the Rust type.
    pub rust_type: &'static str,
    /// Where the type is declared.
    pub declared_at: SourceLine,
    /// What the type's documentation says.
    pub doc: Option<String>,
    /// Whether this version reads what the version before it wrote.
    pub upcasts: bool,
    /// The JSON Schema (2020-12) of what is written.
    pub serialize: Value,
    /// The JSON Schema (2020-12) of what is read, with the names that `#[serde(alias)]` adds as
    /// `x-serde-alias` on a property.
    pub deserialize: Value,
}

/// A line of source code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceLine {
    /// The file, as the compiler was given it: below the workspace, or absolute.
    pub file: &'static str,
    /// The line, counted from 1.
    pub line: u32,
}

/// A type on which `Event` is derived, in whichever crate; `inventory` finds them all in a linked program.
#[derive(Debug)]
pub struct Declaration {
    /// The version that it declares.
    pub version: u32,
    /// The path of the Rust type.
    pub rust_type: fn() -> &'static str,
    /// The type's schemas, and those of the older versions that it upcasts.
    pub schemas: fn() -> Vec<EventSchema>,
}

inventory::collect!(Declaration);

/// The schemas of all events that are declared in the crates of this program, in no order, without those that
/// are `known`.
///
/// A crate that the program names nowhere isn't linked, and its events are not among them.
#[must_use]
pub fn declared_events(known: &[EventSchema]) -> Vec<EventSchema> {
    let mut types: HashSet<&str> = known.iter().map(|schema| schema.rust_type).collect();
    let mut declarations: Vec<&Declaration> = inventory::iter::<Declaration>.into_iter().collect();
    // A newer version brings in those that it upcasts.
    declarations.sort_by_key(|declaration| Reverse(declaration.version));
    let mut found = Vec::new();
    for declaration in declarations {
        if !types.contains((declaration.rust_type)()) {
            let schemas = (declaration.schemas)();
            types.extend(schemas.iter().map(|schema| schema.rust_type));
            found.extend(schemas);
        }
    }
    found
}

/// The schemas of one type. `aliases` are the other names under which its properties are read.
#[must_use]
pub fn schema_of<E: Event>(
    declared_at: SourceLine,
    upcasts: bool,
    aliases: &[(&str, &[&str])],
) -> EventSchema {
    let serialize = SchemaSettings::draft2020_12().for_serialize();
    let serialize = serialize.into_generator().into_root_schema_for::<E>().to_value();
    let deserialize = SchemaSettings::draft2020_12().for_deserialize();
    let mut deserialize = deserialize.into_generator().into_root_schema_for::<E>().to_value();
    for (property, aliases) in aliases {
        annotate(&mut deserialize, property, aliases);
    }
    EventSchema {
        event_type: E::TYPE,
        rust_type: std::any::type_name::<E>(),
        declared_at,
        doc: serialize.get("description").and_then(Value::as_str).map(str::to_owned),
        upcasts,
        serialize,
        deserialize,
    }
}

fn annotate(schema: &mut Value, property: &str, aliases: &[&str]) {
    let Some(property) = schema.pointer_mut("/properties").and_then(|all| all.get_mut(property)) else {
        return;
    };
    // A property that takes anything may be written as `true`.
    if *property == Value::Bool(true) {
        *property = Value::Object(Map::new());
    }
    if let Value::Object(property) = property {
        property.insert("x-serde-alias".to_owned(), json!(aliases));
    }
}
