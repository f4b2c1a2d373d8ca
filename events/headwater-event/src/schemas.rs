use std::collections::HashMap;

use jsonschema::Validator;

use crate::{Envelope, EventSchema, EventSet};

/// The schemas of the events that a publisher may send, each of exactly the version that is declared.
///
/// The gate has compared them with the registered ones when the service was built, so whoever fits them fits the registry.
///
/// # Example: a price below zero
///
/// ```
/// use headwater_event::{CommandContext, Event, JsonSchema, Schemas};
/// use jiff::Timestamp;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, JsonSchema, Event)]
/// #[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
/// struct OrderPaid {
///     #[event(key)]
///     order: String,
///     #[schemars(range(min = 0))]
///     cents: i64,
/// }
///
/// let schemas = Schemas::of::<OrderPaid>()?;
/// let refund = OrderPaid { order: "7".into(), cents: -300 };
/// let event = CommandContext::new("refund-1").envelope(&refund, 0, "/orders", Timestamp::UNIX_EPOCH)?;
/// assert_eq!(schemas.check(&event).unwrap_err().pointer, "/cents");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Schemas(HashMap<String, Validator>);

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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the schema of {type_name} is none: {problem}")]
pub struct SchemaError {
    /// The CloudEvents type, with the version.
    pub type_name: String,
    /// What is wrong with the schema.
    pub problem: String,
}

impl Schemas {
    /// Compiles the schemas of a set's events.
    ///
    /// # Errors
    ///
    /// [`SchemaError`] for the first one that can't be compiled.
    pub fn of<S: EventSet>() -> Result<Self, SchemaError> {
        let compile = |schema: EventSchema| {
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
    ///
    /// # Errors
    ///
    /// [`SchemaViolation`], also for an event that isn't one of the set in its declared version.
    pub fn check(&self, envelope: &Envelope) -> Result<(), SchemaViolation> {
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
