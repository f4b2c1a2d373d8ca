use std::collections::HashMap;

use headwater_event::{Envelope, EventSet};
use jsonschema::Validator;

/// The schemas of the events that a decider may yield, each of exactly the version that is declared.
///
/// The gate has compared them with the registered ones when the service was built, so whoever fits them fits the registry.
#[derive(Debug)]
pub(crate) struct Schemas(HashMap<String, Validator>);

/// An event's data isn't what the schema of its declared version says. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the event {event:?} doesn't fit the schema of {type_name}, at `{pointer}`: {problem}")]
pub struct SchemaViolation {
    /// The event's id.
    pub event: String,
    /// Its CloudEvents type, with the version.
    pub type_name: String,
    /// Where in the data, as a JSON Pointer (RFC 6901); empty for the whole.
    pub pointer: String,
    /// What is wrong there.
    pub problem: String,
}

/// A schema that can't be compiled. The registry would have refused it.
#[derive(Debug, thiserror::Error)]
#[error("the schema of {type_name} is none: {problem}")]
pub(crate) struct SchemaError {
    /// The CloudEvents type, with the version.
    pub(crate) type_name: String,
    /// What is wrong with the schema.
    pub(crate) problem: String,
}

impl Schemas {
    pub(crate) fn of<S: EventSet>() -> Result<Self, SchemaError> {
        let compile = |schema: headwater_event::EventSchema| {
            let type_name = schema.event_type.to_string();
            match jsonschema::validator_for(&schema.serialize) {
                Ok(validator) => Ok((type_name, validator)),
                Err(error) => Err(SchemaError { type_name, problem: error.to_string() }),
            }
        };
        let declared = S::schemas().into_iter().filter(|schema| S::TYPES.contains(&schema.event_type));
        Ok(Self(declared.map(compile).collect::<Result<_, _>>()?))
    }

    /// Compares an event's data with the schema of its type.
    pub(crate) fn check(&self, envelope: &Envelope) -> Result<(), SchemaViolation> {
        let violation = |pointer: String, problem: String| SchemaViolation {
            event: envelope.id().to_owned(),
            type_name: envelope.type_name().to_owned(),
            pointer,
            problem,
        };
        let Some(validator) = self.0.get(envelope.type_name()) else {
            return Err(violation(String::new(), "no such event is declared in this version".to_owned()));
        };
        let data: serde_json::Value = serde_json::from_slice(envelope.data())
            .map_err(|error| violation(String::new(), format!("it isn't JSON: {error}")))?;
        validator
            .validate(&data)
            .map_err(|error| violation(error.instance_path().to_string(), error.to_string()))
    }
}
