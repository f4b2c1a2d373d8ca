//! Whether a formula holds for one value, as far as that can be told.

use serde_json::{Map, Value};

use super::{
    decision::Formats,
    exact::{canonical, exact, is_multiple},
    goal::Solver,
    schema::{Atom, Lit, Node, Type},
};

impl Solver<'_> {
    /// Whether the formula holds for the value; nothing when that depends on what isn't modelled.
    pub(super) fn holds(&mut self, lit: Lit, value: &Value) -> Option<bool> {
        let node = self.store.node(lit.id).clone();
        let truth = match node {
            Node::All(parts) => self.holds_all(&parts, value),
            Node::Any(parts) => self.holds_any(&parts, value),
            Node::One(parts) => self.holds_once(&parts, value),
            Node::Ref(slot) => {
                let target = self.store.target(slot)?;
                self.holds(target, value)
            }
            Node::Atom(atom) => self.atom_holds(&atom, value),
        };
        truth.map(|truth| truth == lit.holds)
    }

    /// Whether all of the formulas hold for the value.
    pub(super) fn holds_all(&mut self, lits: &[Lit], value: &Value) -> Option<bool> {
        let mut truth = Some(true);
        for lit in lits {
            match self.holds(*lit, value) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => truth = None,
            }
        }
        truth
    }

    /// Whether one of the formulas holds for the value.
    pub(super) fn holds_any(&mut self, lits: &[Lit], value: &Value) -> Option<bool> {
        let mut truth = Some(false);
        for lit in lits {
            match self.holds(*lit, value) {
                Some(false) => {}
                Some(true) => return Some(true),
                None => truth = None,
            }
        }
        truth
    }

    fn holds_once(&mut self, lits: &[Lit], value: &Value) -> Option<bool> {
        let mut held = 0;
        let mut doubt = false;
        for lit in lits {
            match self.holds(*lit, value) {
                Some(true) => held += 1,
                Some(false) => {}
                None => doubt = true,
            }
        }
        match held {
            2.. => Some(false),
            _ if doubt => None,
            _ => Some(held == 1),
        }
    }

    fn atom_holds(&mut self, atom: &Atom, value: &Value) -> Option<bool> {
        match atom {
            Atom::Types(types) => return Some(types.contains(&Type::of(value))),
            Atom::Enum(values) => {
                let value = canonical(value)?;
                return Some(values.contains(&value));
            }
            Atom::Opaque(None, _) => return None,
            _ => {}
        }
        match value {
            Value::Null | Value::Bool(_) => Some(true),
            Value::Number(number) => {
                let value = exact(number)?;
                Some(match atom {
                    Atom::Integer => value.is_integer(),
                    Atom::Minimum(bound) => value >= *bound,
                    Atom::ExclusiveMinimum(bound) => value > *bound,
                    Atom::Maximum(bound) => value <= *bound,
                    Atom::ExclusiveMaximum(bound) => value < *bound,
                    Atom::MultipleOf(divisor) => is_multiple(&value, divisor),
                    Atom::Format(_) if atom.subject().is_none() => return None,
                    Atom::Opaque(Some(Type::Number), _) => return None,
                    _ => true,
                })
            }
            Value::String(text) => match atom {
                Atom::MinLength(bound) => Some(text.chars().count() as u64 >= *bound),
                Atom::MaxLength(bound) => Some(text.chars().count() as u64 <= *bound),
                Atom::Pattern(pattern) => self.strings.matches(pattern, text),
                Atom::Format(format) => match (self.strings.has_format(format, text), self.formats) {
                    (Some(true), _) => Some(true),
                    (Some(false), Formats::Checked) => Some(false),
                    _ => None,
                },
                Atom::Opaque(Some(Type::String), _) => None,
                _ => Some(true),
            },
            Value::Array(items) => self.atom_holds_for_array(atom, items),
            Value::Object(members) => self.atom_holds_for_object(atom, members),
        }
    }

    fn atom_holds_for_array(&mut self, atom: &Atom, items: &[Value]) -> Option<bool> {
        let length = items.len() as u64;
        match atom {
            Atom::MinItems(bound) => Some(length >= *bound),
            Atom::MaxItems(bound) => Some(length <= *bound),
            Atom::Unique => {
                let items = items.iter().map(canonical).collect::<Option<Vec<_>>>()?;
                Some((1..items.len()).all(|index| !items[..index].contains(&items[index])))
            }
            Atom::Item(index, schema) => {
                match usize::try_from(*index).ok().and_then(|index| items.get(index)) {
                    Some(item) => self.holds(*schema, item),
                    None => Some(true),
                }
            }
            Atom::Items(from, schema) => {
                let from = usize::try_from(*from).unwrap_or(usize::MAX);
                self.holds_for_each(items.iter().skip(from), *schema)
            }
            Atom::MinContains(schema, bound) => {
                let (least, most) = self.holding(items, *schema);
                if least >= *bound { Some(true) } else { (most < *bound).then_some(false) }
            }
            Atom::MaxContains(schema, bound) => {
                let (least, most) = self.holding(items, *schema);
                if most <= *bound { Some(true) } else { (least > *bound).then_some(false) }
            }
            Atom::Opaque(Some(Type::Array), _) => None,
            _ => Some(true),
        }
    }

    /// For how many items the formula holds, at least and at most.
    fn holding(&mut self, items: &[Value], schema: Lit) -> (u64, u64) {
        let (mut least, mut most) = (0, 0);
        for item in items {
            let truth = self.holds(schema, item);
            least += u64::from(truth == Some(true));
            most += u64::from(truth != Some(false));
        }
        (least, most)
    }

    fn holds_for_each<'v>(
        &mut self,
        values: impl IntoIterator<Item = &'v Value>,
        schema: Lit,
    ) -> Option<bool> {
        let mut truth = Some(true);
        for value in values {
            match self.holds(schema, value) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => truth = None,
            }
        }
        truth
    }

    fn atom_holds_for_object(&mut self, atom: &Atom, members: &Map<String, Value>) -> Option<bool> {
        let size = members.len() as u64;
        match atom {
            Atom::MinProperties(bound) => Some(size >= *bound),
            Atom::MaxProperties(bound) => Some(size <= *bound),
            Atom::Required(name) => Some(members.contains_key(name)),
            Atom::Property(name, schema) => match members.get(name) {
                Some(member) => self.holds(*schema, member),
                None => Some(true),
            },
            Atom::PatternProperty(pattern, schema) => {
                let mut truth = Some(true);
                for (name, member) in members {
                    if self.strings.matches(pattern, name) == Some(false) {
                        continue;
                    }
                    match self.holds(*schema, member) {
                        Some(true) => {}
                        Some(false) if self.strings.matches(pattern, name) == Some(true) => {
                            return Some(false);
                        }
                        _ => truth = None,
                    }
                }
                truth
            }
            Atom::Additional { names, patterns, schema } => {
                let mut truth = Some(true);
                for (name, member) in members {
                    if names.contains(name) {
                        continue;
                    }
                    let matched: Vec<_> =
                        patterns.iter().map(|pattern| self.strings.matches(pattern, name)).collect();
                    if matched.contains(&Some(true)) {
                        continue;
                    }
                    match self.holds(*schema, member) {
                        Some(true) => {}
                        Some(false) if !matched.contains(&None) => return Some(false),
                        _ => truth = None,
                    }
                }
                truth
            }
            Atom::PropertyNames(schema) => {
                let names: Vec<_> = members.keys().map(|name| Value::from(name.as_str())).collect();
                self.holds_for_each(&names, *schema)
            }
            Atom::Opaque(Some(Type::Object), _) => None,
            _ => Some(true),
        }
    }
}
