//! Schemas as formulas over typed atoms, each stored once.
//!
//! A keyword becomes an [`Atom`] that speaks about one type of value and holds for every other type, as in JSON
//! Schema. Every combination of keywords (`allOf`, `oneOf`, `if`, dependencies) is boolean, so it is exact. What can't
//! be modelled becomes [`Atom::Opaque`], of which only one thing is known: that it equals itself.

use std::collections::HashMap;

use serde_json::Value;

use super::exact::Exact;

/// A formula in the [`Store`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Id(u32);

/// A schema that a reference can lead back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Slot(u32);

/// A formula, or its negation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Lit {
    pub(super) id: Id,
    pub(super) holds: bool,
}

impl std::ops::Not for Lit {
    type Output = Self;

    fn not(self) -> Self {
        Self { holds: !self.holds, ..self }
    }
}

/// One formula.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Node {
    All(Vec<Lit>),
    Any(Vec<Lit>),
    /// Exactly one holds; the same formula may be there twice.
    One(Vec<Lit>),
    Ref(Slot),
    Atom(Atom),
}

/// The types of JSON values; the whole numbers are no type of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Type {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl Type {
    /// All types, the simplest documents first.
    pub(super) const ALL: [Self; 6] =
        [Self::Null, Self::Boolean, Self::Number, Self::String, Self::Array, Self::Object];

    /// The type of a value.
    pub(super) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::String,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        }
    }
}

/// What one keyword says, about one type of value unless noted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Atom {
    /// The value has one of these types; about every value.
    Types(Vec<Type>),
    /// The value is one of these, in canonical form; about every value.
    Enum(Vec<Value>),
    Integer,
    Minimum(Exact),
    ExclusiveMinimum(Exact),
    Maximum(Exact),
    ExclusiveMaximum(Exact),
    MultipleOf(Exact),
    MinLength(u64),
    MaxLength(u64),
    Pattern(String),
    /// About strings, unless the name is not one of the standard's: then about numbers, too. Only some validators
    /// assert it. After the name, there is what tells it apart from the same format of another draft.
    Format(String),
    MinItems(u64),
    MaxItems(u64),
    Unique,
    /// The item at the index, if there is one.
    Item(u64, Lit),
    /// Every item from the index on.
    Items(u64, Lit),
    MinContains(Lit, u64),
    MaxContains(Lit, u64),
    MinProperties(u64),
    MaxProperties(u64),
    Required(String),
    /// The value of the property, if it is there.
    Property(String, Lit),
    /// The values of all properties whose name matches.
    PatternProperty(String, Lit),
    /// The values of all properties but those that are named or match.
    Additional {
        names: Vec<String>,
        patterns: Vec<String>,
        schema: Lit,
    },
    PropertyNames(Lit),
    /// Something that is only known to equal itself; about one type, or about every value.
    Opaque(Option<Type>, String),
}

/// The formats that JSON Schema defines, all of them for strings.
pub(super) const STRING_FORMATS: &[&str] = &[
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "idn-email",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
];

impl Atom {
    /// The one type that it speaks about, if there is only one.
    pub(super) fn subject(&self) -> Option<Type> {
        match self {
            Self::Types(_) | Self::Enum(_) => None,
            Self::Format(name) => {
                let standard = name.split(' ').next().is_some_and(|name| STRING_FORMATS.contains(&name));
                standard.then_some(Type::String)
            }
            Self::Opaque(subject, _) => *subject,
            Self::Integer
            | Self::Minimum(_)
            | Self::ExclusiveMinimum(_)
            | Self::Maximum(_)
            | Self::ExclusiveMaximum(_)
            | Self::MultipleOf(_) => Some(Type::Number),
            Self::MinLength(_) | Self::MaxLength(_) | Self::Pattern(_) => Some(Type::String),
            Self::MinItems(_)
            | Self::MaxItems(_)
            | Self::Unique
            | Self::Item(..)
            | Self::Items(..)
            | Self::MinContains(..)
            | Self::MaxContains(..) => Some(Type::Array),
            Self::MinProperties(_)
            | Self::MaxProperties(_)
            | Self::Required(_)
            | Self::Property(..)
            | Self::PatternProperty(..)
            | Self::Additional { .. }
            | Self::PropertyNames(_) => Some(Type::Object),
        }
    }
}

/// All formulas of a question, each once, so that equal schemas have equal ids.
#[derive(Debug, Default)]
pub(super) struct Store {
    nodes: Vec<Node>,
    ids: HashMap<Node, Id>,
    slots: Vec<Option<Lit>>,
}

impl Store {
    /// The formula with this id.
    pub(super) fn node(&self, id: Id) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// The formula that a reference leads to.
    pub(super) fn target(&self, slot: Slot) -> Option<Lit> {
        self.slots[slot.0 as usize]
    }

    /// A new reference target, to be filled.
    pub(super) fn slot(&mut self) -> Slot {
        self.slots.push(None);
        Slot(u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX))
    }

    /// Fills a reference target.
    pub(super) fn fill(&mut self, slot: Slot, target: Lit) {
        self.slots[slot.0 as usize] = Some(target);
    }

    /// All formulas.
    pub(super) fn ids(&self) -> impl Iterator<Item = Id> + use<> {
        (0..self.nodes.len()).map(|index| Id(u32::try_from(index).unwrap_or(u32::MAX)))
    }

    /// The position of a formula among all.
    #[expect(clippy::unused_self, reason = "an id means nothing without its store")]
    pub(super) fn index(&self, id: Id) -> usize {
        id.0 as usize
    }

    /// How many formulas there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The formula as it is written.
    pub(super) fn intern(&mut self, node: Node) -> Lit {
        if let Some(id) = self.ids.get(&node) {
            return Lit { id: *id, holds: true };
        }
        let id = Id(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(node.clone());
        self.ids.insert(node, id);
        Lit { id, holds: true }
    }

    /// An atom.
    pub(super) fn atom(&mut self, atom: Atom) -> Lit {
        self.intern(Node::Atom(atom))
    }

    /// What every value is.
    pub(super) fn always(&mut self) -> Lit {
        self.intern(Node::All(Vec::new()))
    }

    /// What no value is.
    pub(super) fn never(&mut self) -> Lit {
        !self.always()
    }

    /// All of them, in the simplest form.
    pub(super) fn all(&mut self, parts: impl IntoIterator<Item = Lit>) -> Lit {
        let always = self.always();
        let mut flat = Vec::new();
        for part in parts {
            match self.node(part.id) {
                Node::All(inner) if part.holds => flat.extend(inner.iter().copied()),
                Node::Any(inner) if !part.holds => flat.extend(inner.iter().map(|lit| !*lit)),
                _ => flat.push(part),
            }
        }
        flat.sort_unstable();
        flat.dedup();
        if flat.iter().any(|lit| *lit == !always || flat.binary_search(&!*lit).is_ok()) {
            return !always;
        }
        match flat.as_slice() {
            [only] => *only,
            _ => self.intern(Node::All(flat)),
        }
    }

    /// At least one of them, in the simplest form.
    pub(super) fn any(&mut self, parts: impl IntoIterator<Item = Lit>) -> Lit {
        let always = self.always();
        let mut flat = Vec::new();
        for part in parts {
            match self.node(part.id) {
                Node::Any(inner) if part.holds => flat.extend(inner.iter().copied()),
                Node::All(inner) if !part.holds => flat.extend(inner.iter().map(|lit| !*lit)),
                _ => flat.push(part),
            }
        }
        flat.sort_unstable();
        flat.dedup();
        if flat.iter().any(|lit| *lit == always || flat.binary_search(&!*lit).is_ok()) {
            return always;
        }
        match flat.as_slice() {
            [] => !always,
            [only] => *only,
            _ => self.intern(Node::Any(flat)),
        }
    }
}
