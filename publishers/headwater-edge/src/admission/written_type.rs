use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError};
use serde_json::{Map, Value};

/// The keyword `type` as serde takes it: an integer is a number that is *written* as one.
///
/// To JSON Schema `5.0` is an integer; a Rust reader of an `i32` refuses it, and would halt at such an event.
struct WrittenType(Vec<String>);

/// Makes the keyword, for a validator's options.
pub(super) fn written_type<'a>(
    _parent: &'a Map<String, Value>,
    value: &'a Value,
    _path: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    let names = match value {
        Value::String(name) => vec![name.clone()],
        Value::Array(names) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => return Err(ValidationError::custom("`type` takes a name, or a list of names")),
    };
    Ok(Box::new(WrittenType(names)))
}

impl<'i> Keyword<'i> for WrittenType {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.is_valid(instance) {
            return Ok(());
        }
        let wanted = self.0.join(" or ");
        Err(ValidationError::custom(match instance {
            Value::Number(number) if self.0.iter().any(|name| name == "integer") => {
                format!(
                    "must be an {wanted}, which {number} is not: write a whole number without fraction or exponent"
                )
            }
            _ => format!("must be of type {wanted}, and is of type {}", type_of(instance)),
        }))
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        let whole = matches!(instance, Value::Number(number) if number.is_i64() || number.is_u64());
        self.0.iter().any(|name| name == type_of(instance) || (name == "integer" && whole))
    }
}

fn type_of(instance: &Value) -> &'static str {
    match instance {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
