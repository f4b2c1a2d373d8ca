//! A small model of serde's types: their schemas as schemars writes them, their documents, and what they read.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

const WIDTHS: [(&str, i128, i128); 8] = [
    ("int8", i8::MIN as i128, i8::MAX as i128),
    ("int16", i16::MIN as i128, i16::MAX as i128),
    ("int32", i32::MIN as i128, i32::MAX as i128),
    ("int64", i64::MIN as i128, i64::MAX as i128),
    ("uint8", 0, u8::MAX as i128),
    ("uint16", 0, u16::MAX as i128),
    ("uint32", 0, u32::MAX as i128),
    ("uint64", 0, u64::MAX as i128),
];

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Type {
    Bool,
    /// An index into the widths.
    Integer(usize),
    Double,
    Text,
    Char,
    Option(Box<Type>),
    List(Box<Type>),
    Array(Box<Type>, usize),
    Tuple(Vec<Type>),
    Map(Box<Type>),
    Struct(Fields, bool),
    Enum(Tagging, Vec<(String, Fields)>),
}

type Fields = BTreeMap<String, Field>;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    of: Type,
    /// `#[serde(default)]`.
    has_default: bool,
    /// `skip_serializing_if`; only of an `Option`.
    is_skipped: bool,
    alias: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Tagging {
    External,
    Internal,
    Adjacent,
}

impl Type {
    pub(crate) fn schema(&self, serialize: bool) -> Value {
        match self {
            Self::Bool => json!({"type": "boolean"}),
            Self::Integer(width) => {
                let (format, least, most) = WIDTHS[*width];
                let mut schema = json!({"type": "integer", "format": format});
                // As schemars does: a lower bound for what is unsigned, both for what is narrow.
                if least == 0 {
                    schema["minimum"] = json!(0);
                }
                if most <= i128::from(u16::MAX) {
                    schema["minimum"] = json!(i64::try_from(least).unwrap());
                    schema["maximum"] = json!(i64::try_from(most).unwrap());
                }
                schema
            }
            Self::Double => json!({"type": "number", "format": "double"}),
            Self::Text => json!({"type": "string"}),
            Self::Char => json!({"type": "string", "minLength": 1, "maxLength": 1}),
            Self::Option(of) => {
                let mut schema = of.schema(serialize);
                match schema.get("type").cloned() {
                    Some(Value::String(name)) if schema.get("properties").is_none() => {
                        schema["type"] = json!([name, "null"]);
                        schema
                    }
                    _ => json!({"anyOf": [schema, {"type": "null"}]}),
                }
            }
            Self::List(of) => json!({"type": "array", "items": of.schema(serialize)}),
            Self::Array(of, length) => {
                json!({"type": "array", "items": of.schema(serialize), "minItems": length, "maxItems": length})
            }
            Self::Tuple(of) => {
                let items: Vec<_> = of.iter().map(|of| of.schema(serialize)).collect();
                json!({"type": "array", "prefixItems": items, "minItems": of.len(), "maxItems": of.len()})
            }
            Self::Map(of) => json!({"type": "object", "additionalProperties": of.schema(serialize)}),
            Self::Struct(fields, denies) => {
                let mut schema = object(fields, serialize);
                if *denies {
                    schema["additionalProperties"] = json!(false);
                }
                schema
            }
            Self::Enum(tagging, variants) => {
                let variants: Vec<_> =
                    variants.iter().map(|(tag, fields)| tagging.schema(tag, fields, serialize)).collect();
                json!({"oneOf": variants})
            }
        }
    }

    /// Whether this type's writer may have written it.
    pub(crate) fn writes(&self, document: &Value) -> bool {
        self.takes(document, true)
    }

    /// Whether serde reads it as this type.
    pub(crate) fn reads(&self, document: &Value) -> bool {
        self.takes(document, false)
    }

    fn takes(&self, document: &Value, written: bool) -> bool {
        match self {
            Self::Bool => document.is_boolean(),
            Self::Integer(width) => {
                let (_, least, most) = WIDTHS[*width];
                let number = document.as_i64().map(i128::from).or(document.as_u64().map(i128::from));
                number.is_some_and(|number| (least..=most).contains(&number))
            }
            Self::Double => document.is_number(),
            Self::Text => document.is_string(),
            Self::Char => document.as_str().is_some_and(|text| text.chars().count() == 1),
            Self::Option(of) => document.is_null() || of.takes(document, written),
            Self::List(of) => {
                document.as_array().is_some_and(|items| items.iter().all(|item| of.takes(item, written)))
            }
            Self::Array(of, length) => document.as_array().is_some_and(|items| {
                items.len() == *length && items.iter().all(|item| of.takes(item, written))
            }),
            Self::Tuple(of) => document.as_array().is_some_and(|items| {
                items.len() == of.len() && of.iter().zip(items).all(|(of, item)| of.takes(item, written))
            }),
            Self::Map(of) => document
                .as_object()
                .is_some_and(|members| members.values().all(|member| of.takes(member, written))),
            Self::Struct(fields, denies) => {
                document.as_object().is_some_and(|members| take(fields, members, written, *denies, &[]))
            }
            Self::Enum(tagging, variants) => variants.iter().any(|(tag, fields)| {
                let document = document.as_object();
                document.is_some_and(|members| tagging.takes(tag, fields, members, written))
            }),
        }
    }

    /// Some document that is written; the same for the same seed.
    pub(crate) fn sample(&self, seed: u64) -> Value {
        let next = |salt: u64| (seed ^ salt).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
        let pick = |of: usize| usize::try_from(next(1) % of as u64).unwrap();
        match self {
            Self::Bool => json!(seed.is_multiple_of(2)),
            Self::Integer(width) => {
                let (_, least, most) = WIDTHS[*width];
                let number = [least, most, 0, 1, least + (most - least) / 2][pick(5)];
                u64::try_from(number)
                    .map_or_else(|_| json!(i64::try_from(number).unwrap()), |number| json!(number))
            }
            Self::Double => [json!(0.5), json!(-1e300), json!(0.0), json!(3.0)][pick(4)].clone(),
            Self::Text => [json!(""), json!("a"), json!("ab"), json!("\u{1F600}")][pick(4)].clone(),
            Self::Char => json!("x"),
            Self::Option(of) => {
                if seed.is_multiple_of(3) {
                    Value::Null
                } else {
                    of.sample(next(2))
                }
            }
            Self::List(of) => (0..pick(3)).map(|item| of.sample(next(item as u64 + 3))).collect(),
            Self::Array(of, length) => (0..*length).map(|item| of.sample(next(item as u64 + 3))).collect(),
            Self::Tuple(of) => of.iter().enumerate().map(|(at, of)| of.sample(next(at as u64 + 3))).collect(),
            Self::Map(of) => {
                let names = ["a", "b", "zz"];
                let members: Map<_, _> = names[..pick(4)]
                    .iter()
                    .map(|name| ((*name).to_owned(), of.sample(next(name.len() as u64))))
                    .collect();
                Value::Object(members)
            }
            Self::Struct(fields, _) => Value::Object(write(fields, next(4))),
            Self::Enum(tagging, variants) => {
                let (tag, fields) = &variants[pick(variants.len())];
                tagging.sample(tag, fields, next(5))
            }
        }
    }
}

fn object(fields: &Fields, serialize: bool) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, field) in fields {
        let mut schema = field.of.schema(serialize);
        if let (Some(alias), Some(schema)) = (&field.alias, schema.as_object_mut()) {
            schema.insert("x-serde-alias".to_owned(), json!([alias]));
        }
        properties.insert(name.clone(), schema);
        let may_be_missing = if serialize {
            field.is_skipped
        } else {
            field.has_default || matches!(field.of, Type::Option(_))
        };
        if !may_be_missing {
            required.push(name.clone());
        }
    }
    let mut schema = json!({"type": "object"});
    if !properties.is_empty() {
        schema["properties"] = Value::Object(properties);
    }
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn take(fields: &Fields, members: &Map<String, Value>, written: bool, denies: bool, also: &[&str]) -> bool {
    let is_known = |name: &String| {
        fields.contains_key(name)
            || also.contains(&name.as_str())
            || (!written && fields.values().any(|field| field.alias.as_ref() == Some(name)))
    };
    let all_known = members.keys().all(is_known);
    fields.iter().all(|(name, field)| {
        let named = members.get(name);
        let aliased = field.alias.as_ref().filter(|alias| !written && !fields.contains_key(*alias));
        let aliased = aliased.and_then(|alias| members.get(alias));
        match (named, aliased) {
            (Some(_), Some(_)) => false,
            (Some(value), None) | (None, Some(value)) => field.of.takes(value, written),
            (None, None) if written => field.is_skipped,
            (None, None) => field.has_default || matches!(field.of, Type::Option(_)),
        }
    }) && (all_known || !(written || denies))
}

fn write(fields: &Fields, seed: u64) -> Map<String, Value> {
    let mut members = Map::new();
    for (at, (name, field)) in fields.iter().enumerate() {
        let seed = seed.rotate_left(u32::try_from(at).unwrap() * 7 + 1).wrapping_add(at as u64);
        if !(field.is_skipped && seed.is_multiple_of(2)) {
            members.insert(name.clone(), field.of.sample(seed));
        }
    }
    members
}

impl Tagging {
    fn schema(self, tag: &str, fields: &Fields, serialize: bool) -> Value {
        let content = object(fields, serialize);
        let tagged = json!({"type": "string", "const": tag});
        match self {
            Self::External => json!({"type": "object", "properties": {tag: content}, "required": [tag],
                "additionalProperties": false}),
            Self::Adjacent => {
                json!({"type": "object", "properties": {"t": tagged, "c": content}, "required": ["t", "c"]})
            }
            Self::Internal => {
                let mut schema = content;
                schema["properties"]["t"] = tagged;
                let mut required = vec![json!("t")];
                required
                    .extend(schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default());
                schema["required"] = Value::Array(required);
                schema
            }
        }
    }

    fn takes(self, tag: &str, fields: &Fields, members: &Map<String, Value>, written: bool) -> bool {
        let is_tagged = members.get("t").is_some_and(|value| value == tag);
        match self {
            Self::External => {
                let content = members.get(tag).and_then(Value::as_object);
                members.len() == 1
                    && content.is_some_and(|content| take(fields, content, written, false, &[]))
            }
            Self::Adjacent => {
                let content = members.get("c").and_then(Value::as_object);
                is_tagged
                    && content.is_some_and(|content| take(fields, content, written, false, &[]))
                    && (!written || members.len() == 2)
            }
            Self::Internal => is_tagged && take(fields, members, written, false, &["t"]),
        }
    }

    fn sample(self, tag: &str, fields: &Fields, seed: u64) -> Value {
        let mut members = write(fields, seed);
        match self {
            Self::External => json!({tag: members}),
            Self::Adjacent => json!({"t": tag, "c": members}),
            Self::Internal => {
                members.insert("t".to_owned(), json!(tag));
                Value::Object(members)
            }
        }
    }
}

/// A change such as people make.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    AddOptional(String),
    AddRequired(String),
    Remove(usize),
    Rename(usize, String, bool),
    Replace(usize, Type),
    Widen(usize),
    MakeOptional(usize),
    Deny,
    AddVariant(String),
    RemoveVariant,
}

impl Change {
    /// Changes the first struct or enum that is found, or the type itself.
    pub(crate) fn apply(&self, to: &Type) -> Type {
        match to {
            Type::Struct(fields, denies) => {
                let denies = *denies || matches!(self, Self::Deny);
                Type::Struct(self.apply_to_fields(fields), denies)
            }
            Type::Enum(tagging, variants) => {
                let mut variants = variants.clone();
                match self {
                    Self::AddVariant(name) if variants.iter().all(|(known, _)| known != name) => {
                        variants.push((name.clone(), Fields::new()));
                    }
                    Self::RemoveVariant if variants.len() > 1 => drop(variants.pop()),
                    _ => {
                        if let Some((_, fields)) = variants.first_mut() {
                            *fields = self.apply_to_fields(fields);
                        }
                    }
                }
                Type::Enum(*tagging, variants)
            }
            Type::Option(of) => Type::Option(Box::new(self.apply(of))),
            Type::List(of) => Type::List(Box::new(self.apply(of))),
            Type::Map(of) => Type::Map(Box::new(self.apply(of))),
            Type::Integer(width) => match self {
                Self::Widen(by) => Type::Integer((width + by) % WIDTHS.len()),
                _ => Type::Integer(*width),
            },
            other => other.clone(),
        }
    }

    fn apply_to_fields(&self, fields: &Fields) -> Fields {
        let mut fields = fields.clone();
        let name = |at: &usize| fields.keys().nth(at % fields.len().max(1)).cloned();
        let added = |of: Type, has_default: bool| Field { of, has_default, is_skipped: false, alias: None };
        match self {
            Self::AddOptional(name) => {
                fields
                    .entry(name.clone())
                    .or_insert_with(|| added(Type::Option(Box::new(Type::Text)), false));
            }
            Self::AddRequired(name) => {
                fields.entry(name.clone()).or_insert_with(|| added(Type::Bool, false));
            }
            Self::Remove(at) => {
                if let Some(name) = name(at) {
                    fields.remove(&name);
                }
            }
            Self::Rename(at, to, with_alias) => {
                if let Some(name) = name(at)
                    && !fields.contains_key(to)
                    && let Some(mut field) = fields.remove(&name)
                {
                    field.alias = with_alias.then_some(name);
                    fields.insert(to.clone(), field);
                }
            }
            Self::Replace(at, with) => {
                if let Some(name) = name(at)
                    && let Some(field) = fields.get_mut(&name)
                {
                    field.of = with.clone();
                    field.is_skipped &= matches!(field.of, Type::Option(_));
                }
            }
            Self::Widen(at) => {
                if let Some(name) = name(at)
                    && let Some(field) = fields.get_mut(&name)
                {
                    field.of = self.apply(&field.of);
                }
            }
            Self::MakeOptional(at) => {
                if let Some(name) = name(at)
                    && let Some(field) = fields.get_mut(&name)
                    && !matches!(field.of, Type::Option(_))
                {
                    field.of = Type::Option(Box::new(field.of.clone()));
                }
            }
            Self::Deny | Self::AddVariant(_) | Self::RemoveVariant => {
                if let Some(field) = fields.values_mut().next() {
                    field.of = self.apply(&field.of);
                }
            }
        }
        fields
    }
}

fn arbitrary_name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "gate", "x y"]).prop_map(str::to_owned)
}

fn arbitrary_leaf() -> impl Strategy<Value = Type> {
    prop_oneof![
        Just(Type::Bool),
        (0..WIDTHS.len()).prop_map(Type::Integer),
        Just(Type::Double),
        Just(Type::Text),
        Just(Type::Char),
    ]
}

pub(crate) fn arbitrary_type() -> impl Strategy<Value = Type> {
    arbitrary_leaf().prop_recursive(3, 12, 3, |inner| {
        let fields = arbitrary_fields(inner.clone());
        let variants = prop::collection::btree_map(
            prop::sample::select(vec!["A", "B", "C"]).prop_map(str::to_owned),
            arbitrary_fields(inner.clone()),
            1..4,
        );
        let tagging =
            prop::sample::select(vec![Tagging::External, Tagging::Internal, Tagging::Adjacent]);
        prop_oneof![
            1 => inner.clone().prop_map(|of| match of {
                Type::Option(_) => of,
                of => Type::Option(Box::new(of)),
            }),
            1 => inner.clone().prop_map(|of| Type::List(Box::new(of))),
            1 => (inner.clone(), 0..3_usize).prop_map(|(of, length)| Type::Array(Box::new(of), length)),
            1 => prop::collection::vec(inner.clone(), 1..3).prop_map(Type::Tuple),
            1 => inner.prop_map(|of| Type::Map(Box::new(of))),
            4 => (fields, prop::bool::weighted(0.1)).prop_map(|(fields, denies)| Type::Struct(fields, denies)),
            3 => (tagging, variants).prop_map(|(tagging, variants)| Type::Enum(tagging, variants.into_iter().collect())),
        ]
    })
}

fn arbitrary_fields(inner: impl Strategy<Value = Type> + Clone) -> impl Strategy<Value = Fields> {
    let field = (inner, any::<bool>(), any::<bool>()).prop_map(|(of, has_default, is_skipped)| {
        let is_option = matches!(of, Type::Option(_));
        Field { of, has_default, is_skipped: is_skipped && is_option, alias: None }
    });
    prop::collection::btree_map(arbitrary_name(), field, 0..4)
}

pub(crate) fn arbitrary_change() -> impl Strategy<Value = Change> {
    let at = 0..4_usize;
    prop_oneof![
        arbitrary_name().prop_map(Change::AddOptional),
        arbitrary_name().prop_map(Change::AddRequired),
        at.clone().prop_map(Change::Remove),
        (at.clone(), arbitrary_name(), any::<bool>())
            .prop_map(|(at, to, alias)| Change::Rename(at, to, alias)),
        (at.clone(), arbitrary_leaf()).prop_map(|(at, of)| Change::Replace(at, of)),
        at.clone().prop_map(Change::Widen),
        at.prop_map(Change::MakeOptional),
        Just(Change::Deny),
        prop::sample::select(vec!["A", "D"]).prop_map(|name| Change::AddVariant(name.to_owned())),
        Just(Change::RemoveVariant),
    ]
}
