//! The keywords that look at a value without looking into it.

use jsonschema::Draft;
use num::{Signed, Zero};
use serde_json::{Map, Value, json};

use super::{
    exact::{Exact, canonical, count, exact, one},
    load::{Loader, wrong_type},
    load_error::LoadError,
    schema::{Atom, Lit, STRING_FORMATS, Type},
    validator::is_checked,
};

impl Loader<'_> {
    /// Adds what the keywords say that look at a value without looking into it.
    pub(super) fn assertions(
        &mut self,
        schema: &Map<String, Value>,
        path: &[String],
        parts: &mut Vec<Lit>,
    ) -> Result<(), LoadError> {
        for (keyword, value) in schema {
            let keyword = keyword.as_str();
            let part = match keyword {
                "type" => self.types(value, path)?,
                "enum" | "const" if keyword == "enum" || self.draft != Draft::Draft4 => {
                    self.values(keyword, value, path)?
                }
                "minimum" | "maximum" => {
                    let strict = self.draft == Draft::Draft4 && self.strict(keyword, schema, path)?;
                    self.bound(keyword, value, strict, path)?
                }
                "exclusiveMinimum" | "exclusiveMaximum" if self.draft != Draft::Draft4 => {
                    self.bound(keyword, value, true, path)?
                }
                "multipleOf" => self.bound(keyword, value, false, path)?,
                "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => {
                    let number = value.as_number().ok_or_else(|| wrong_type(keyword, path))?;
                    let count = count(number).ok_or_else(|| wrong_type(keyword, path))?;
                    self.count(keyword, count)
                }
                "pattern" => {
                    let pattern = value.as_str().ok_or_else(|| wrong_type(keyword, path))?;
                    self.store.atom(Atom::Pattern(pattern.to_owned()))
                }
                "format" => {
                    let format = value.as_str().ok_or_else(|| wrong_type(keyword, path))?;
                    self.format(format)
                }
                // Later drafts made them annotations for good.
                "contentEncoding" | "contentMediaType"
                    if matches!(self.draft, Draft::Draft6 | Draft::Draft7) =>
                {
                    let text =
                        json!([keyword, schema.get("contentEncoding"), schema.get("contentMediaType")]);
                    self.store.atom(Atom::Opaque(Some(Type::String), text.to_string()))
                }
                "uniqueItems" => match value {
                    Value::Bool(true) => self.store.atom(Atom::Unique),
                    Value::Bool(false) => continue,
                    _ => return Err(wrong_type(keyword, path)),
                },
                "required" => {
                    let names = strings(value).ok_or_else(|| wrong_type(keyword, path))?;
                    self.all_required(names)
                }
                _ => continue,
            };
            parts.push(part);
        }
        Ok(())
    }

    /// All of the names are there.
    pub(super) fn all_required(&mut self, names: Vec<String>) -> Lit {
        let names: Vec<_> = names.into_iter().map(|name| self.store.atom(Atom::Required(name))).collect();
        self.store.all(names)
    }

    /// A validator may check a format in the schemas of one draft and not in those of another, or check it differently.
    fn format(&mut self, format: &str) -> Lit {
        let name = match self.draft {
            Draft::Draft4 | Draft::Draft6 if format == "hostname" => format!("{format} of RFC 1034"),
            draft if STRING_FORMATS.contains(&format) && !is_checked(format, draft) => {
                format!("{format} of {draft:?}")
            }
            _ => format.to_owned(),
        };
        self.store.atom(Atom::Format(name))
    }

    fn types(&mut self, value: &Value, path: &[String]) -> Result<Lit, LoadError> {
        let names = match value {
            Value::String(name) => vec![name.clone()],
            _ => strings(value).ok_or_else(|| wrong_type("type", path))?,
        };
        let mut types = Vec::new();
        for name in &names {
            types.push(match name.as_str() {
                "null" => Type::Null,
                "boolean" => Type::Boolean,
                "number" | "integer" => Type::Number,
                "string" => Type::String,
                "array" => Type::Array,
                "object" => Type::Object,
                _ => return Err(wrong_type("type", path)),
            });
        }
        types.sort_unstable();
        types.dedup();
        let whole = names.iter().any(|name| name == "integer") && names.iter().all(|name| name != "number");
        let mut parts = vec![self.store.atom(Atom::Types(types))];
        if whole {
            parts.push(self.store.atom(Atom::Integer));
            if self.draft == Draft::Draft4 {
                // There, whether 1.0 is an integer depends on how it is written, which no formula sees.
                parts
                    .push(self.store.atom(Atom::Opaque(Some(Type::Number), "written as integer".to_owned())));
            }
        }
        Ok(self.store.all(parts))
    }

    fn values(&mut self, keyword: &str, value: &Value, path: &[String]) -> Result<Lit, LoadError> {
        let values = match value {
            _ if keyword == "const" => std::slice::from_ref(value),
            Value::Array(values) => values.as_slice(),
            _ => return Err(wrong_type(keyword, path)),
        };
        let Some(mut values) = values.iter().map(canonical).collect::<Option<Vec<_>>>() else {
            // A number that can't be held exactly is still a number.
            let mut types: Vec<Type> = values.iter().map(Type::of).collect();
            types.sort_unstable();
            types.dedup();
            let types = self.store.atom(Atom::Types(types));
            let opaque = self.store.atom(Atom::Opaque(None, format!("enum {}", Value::from(values))));
            return Ok(self.store.all([types, opaque]));
        };
        values.sort_by_cached_key(Value::to_string);
        values.dedup();
        Ok(self.store.atom(Atom::Enum(values)))
    }

    fn strict(&self, keyword: &str, schema: &Map<String, Value>, path: &[String]) -> Result<bool, LoadError> {
        let exclusive = if keyword == "minimum" { "exclusiveMinimum" } else { "exclusiveMaximum" };
        match schema.get(exclusive) {
            None => Ok(false),
            Some(Value::Bool(strict)) => Ok(*strict),
            Some(_) => Err(wrong_type(exclusive, path)),
        }
    }

    fn bound(
        &mut self,
        keyword: &str,
        value: &Value,
        strict: bool,
        path: &[String],
    ) -> Result<Lit, LoadError> {
        let number = value.as_number().ok_or_else(|| wrong_type(keyword, path))?;
        let Some(bound) = exact(number) else {
            let text = format!("{keyword} {strict} {number}");
            return Ok(self.store.atom(Atom::Opaque(Some(Type::Number), text)));
        };
        Ok(match (keyword, strict) {
            ("multipleOf", _) => return self.multiple_of(&bound, path),
            ("minimum", false) => self.store.atom(Atom::Minimum(bound)),
            ("maximum", false) => self.store.atom(Atom::Maximum(bound)),
            ("minimum" | "exclusiveMinimum", _) => self.store.atom(Atom::ExclusiveMinimum(bound)),
            _ => self.store.atom(Atom::ExclusiveMaximum(bound)),
        })
    }

    fn multiple_of(&mut self, divisor: &Exact, path: &[String]) -> Result<Lit, LoadError> {
        if divisor.is_zero() || divisor.is_negative() {
            return Err(wrong_type("multipleOf", path));
        }
        Ok(if *divisor == one() {
            self.store.atom(Atom::Integer)
        } else {
            self.store.atom(Atom::MultipleOf(divisor.clone()))
        })
    }

    fn count(&mut self, keyword: &str, count: u64) -> Lit {
        match (keyword, count) {
            ("minLength" | "minItems" | "minProperties", 0) => self.store.always(),
            ("minLength", _) => self.store.atom(Atom::MinLength(count)),
            ("maxLength", _) => self.store.atom(Atom::MaxLength(count)),
            ("minItems", _) => self.store.atom(Atom::MinItems(count)),
            ("maxItems", _) => self.store.atom(Atom::MaxItems(count)),
            ("minProperties", _) => self.store.atom(Atom::MinProperties(count)),
            _ => self.store.atom(Atom::MaxProperties(count)),
        }
    }
}

/// The strings of a list, if it is one.
pub(super) fn strings(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
}
