use headwater_event::EventSchema;
use headwater_schema::{EventName, TypeSchemas};

use crate::gate_error::GateError;

/// What the types say, in one order and each once, however many sets have it.
pub(crate) fn type_schemas(schemas: Vec<EventSchema>) -> Result<Vec<TypeSchemas>, GateError> {
    let mut types = schemas.into_iter().map(of_event).collect::<Result<Vec<_>, _>>()?;
    types.sort_by(|one, other| (&one.event, &one.rust_type).cmp(&(&other.event, &other.rust_type)));
    types.dedup_by(|one, other| one.event == other.event && one.rust_type == other.rust_type);
    Ok(types)
}

fn of_event(schema: EventSchema) -> Result<TypeSchemas, GateError> {
    let EventSchema { event_type, rust_type, declared_at, doc, upcasts, serialize, deserialize } = schema;
    let name = EventName::new(event_type.domain, event_type.aggregate, event_type.name)
        .map_err(|source| GateError::Name { rust_type, source })?;
    let doc = doc.unwrap_or_default();
    let first_paragraph = doc.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    Ok(TypeSchemas {
        event: name.at(event_type.version),
        event_type: event_type.to_string(),
        rust_type: rust_type.to_owned(),
        declared_at: Some(format!("{}:{}", declared_at.file, declared_at.line)),
        doc: first_paragraph,
        upcasts,
        serialize,
        deserialize,
    })
}
