//! What `unevaluatedProperties` and `unevaluatedItems` say, from what the schemas beside them look at.

use std::collections::BTreeSet;

use jsonschema::Draft;
use serde_json::{Map, Value};

use super::{
    load::Loader,
    load_error::LoadError,
    references::{Referred, pointer, tokens},
    schema::{Atom, Lit, Type},
};

/// With more ways than this in which the branches can combine, the keyword stays opaque.
const WAYS_MAX: usize = 24;
/// So does it when the schemas beside it are nested deeper.
const DEPTH_MAX: usize = 12;

/// The properties or items of a document that a schema looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Evaluated {
    Some { names: BTreeSet<String>, patterns: BTreeSet<String>, items: u64 },
    All,
}

/// What is looked at if the formula holds.
type Way = (Lit, Evaluated);

impl Evaluated {
    fn none() -> Self {
        Self::Some { names: BTreeSet::new(), patterns: BTreeSet::new(), items: 0 }
    }

    fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (
                Self::Some { names, patterns, items },
                Self::Some { names: more_names, patterns: more_patterns, items: more_items },
            ) => Self::Some {
                names: names.union(more_names).cloned().collect(),
                patterns: patterns.union(more_patterns).cloned().collect(),
                items: *items.max(more_items),
            },
            _ => Self::All,
        }
    }
}

impl Loader<'_> {
    /// Adds what the keywords say about what nothing else has looked at.
    ///
    /// If the rest of the schema holds, some way holds that lists exactly what is looked at, and the others that hold list
    /// less. To list less is to demand more, so the keyword holds if and only if its demand is met in some way.
    pub(super) fn unevaluated(
        &mut self,
        schema: &Map<String, Value>,
        path: &mut Vec<String>,
        parts: &mut Vec<Lit>,
    ) -> Result<(), LoadError> {
        if !matches!(self.draft, Draft::Draft201909 | Draft::Draft202012) {
            return Ok(());
        }
        for keyword in ["unevaluatedProperties", "unevaluatedItems"] {
            let Some(inner) = self.inner(schema, keyword, path)? else { continue };
            if inner == self.store.always() {
                continue;
            }
            let Some(ways) = self.ways(schema, keyword, true, path, 0)? else {
                let text = self.opaque_text(&Value::Object(schema.clone()), path);
                parts.push(self.store.atom(Atom::Opaque(None, format!("{keyword} {text}"))));
                continue;
            };
            let met: Vec<Lit> = ways
                .into_iter()
                .map(|(condition, evaluated)| {
                    let demand = match evaluated {
                        Evaluated::All => self.store.always(),
                        Evaluated::Some { items, .. } if keyword == "unevaluatedItems" => {
                            self.rest(items, inner)
                        }
                        Evaluated::Some { names, patterns, .. } => self.store.atom(Atom::Additional {
                            names: names.into_iter().collect(),
                            patterns: patterns.into_iter().collect(),
                            schema: inner,
                        }),
                    };
                    self.store.all([condition, demand])
                })
                .collect();
            parts.push(self.store.any(met));
        }
        Ok(())
    }

    /// The ways in which a schema that holds can look at a document; nothing when they can't be told.
    fn ways(
        &mut self,
        schema: &Map<String, Value>,
        keyword: &str,
        outermost: bool,
        path: &[String],
        depth: usize,
    ) -> Result<Option<Vec<Way>>, LoadError> {
        // What a contained item, a dynamic reference or a keyword of older drafts looks at isn't modelled.
        let contains = keyword == "unevaluatedItems" && self.draft == Draft::Draft202012;
        let beyond =
            ["$dynamicRef", "$recursiveRef", "dependencies"].iter().any(|key| schema.contains_key(*key))
                || contains && schema.contains_key("contains");
        if beyond || depth > DEPTH_MAX {
            return Ok(None);
        }
        let always = self.store.always();
        let mut ways = vec![(always, self.own(schema, keyword, outermost))];
        let mut factors: Vec<Vec<Way>> = Vec::new();
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let Referred::Here(target) = self.references.resolve(reference, &pointer(path))? else {
                return Ok(None);
            };
            let Some(inner) = self.document.pointer(&target) else { return Ok(None) };
            let path = tokens(&target);
            let Some(of_target) = self.ways_of(inner, keyword, None, &path, depth)? else {
                return Ok(None);
            };
            factors.push(of_target);
        }
        for list in ["allOf", "anyOf", "oneOf"] {
            let mut one_of = Vec::new();
            for (index, member) in
                schema.get(list).and_then(Value::as_array).into_iter().flatten().enumerate()
            {
                let path = extended(path, &[list, &index.to_string()]);
                let condition = if list == "allOf" { always } else { self.condition(member, &path)? };
                let of_member = self.ways_of(member, keyword, Some(condition), &path, depth)?;
                let Some(mut of_member) = of_member else { return Ok(None) };
                match list {
                    "allOf" => factors.push(of_member),
                    "oneOf" => one_of.extend(of_member),
                    _ => {
                        of_member.push((always, Evaluated::none()));
                        factors.push(of_member);
                    }
                }
            }
            if !one_of.is_empty() {
                factors.push(one_of);
            }
        }
        if let Some(condition) = schema.get("if") {
            let inner_path = extended(path, &["if"]);
            let holds = self.condition(condition, &inner_path)?;
            let Some(of_if) = self.ways_of(condition, keyword, Some(holds), &inner_path, depth)? else {
                return Ok(None);
            };
            let mut cases = Vec::new();
            for (branch, case) in [("then", of_if), ("else", vec![(!holds, Evaluated::none())])] {
                let of_branch = match schema.get(branch) {
                    None => vec![(always, Evaluated::none())],
                    Some(inner) => {
                        let path = extended(path, &[branch]);
                        let Some(ways) = self.ways_of(inner, keyword, None, &path, depth)? else {
                            return Ok(None);
                        };
                        ways
                    }
                };
                cases.extend(self.both(&case, &of_branch));
            }
            factors.push(cases);
        }
        for (name, member) in schema.get("dependentSchemas").and_then(Value::as_object).into_iter().flatten()
        {
            let path = extended(path, &["dependentSchemas", name]);
            let present = self.present(name);
            let Some(mut of_member) = self.ways_of(member, keyword, Some(present), &path, depth)? else {
                return Ok(None);
            };
            of_member.push((always, Evaluated::none()));
            factors.push(of_member);
        }
        for mut factor in factors {
            if factor.iter().all(|(_, evaluated)| *evaluated == Evaluated::none()) {
                continue;
            }
            factor.dedup();
            ways = self.both(&ways, &factor);
            if ways.len() > WAYS_MAX {
                return Ok(None);
            }
        }
        Ok(Some(ways))
    }

    /// The ways of a schema that applies under a condition.
    fn ways_of(
        &mut self,
        schema: &Value,
        keyword: &str,
        condition: Option<Lit>,
        path: &[String],
        depth: usize,
    ) -> Result<Option<Vec<Way>>, LoadError> {
        let always = self.store.always();
        let condition = condition.unwrap_or(always);
        let ways = match schema {
            Value::Object(schema) => self.ways(schema, keyword, false, path, depth + 1)?,
            _ => Some(vec![(always, Evaluated::none())]),
        };
        Ok(ways.map(|ways| self.both(&[(condition, Evaluated::none())], &ways)))
    }

    fn both(&mut self, one: &[Way], other: &[Way]) -> Vec<Way> {
        let mut both = Vec::new();
        for (condition, evaluated) in one {
            for (other_condition, other_evaluated) in other {
                let way = (self.store.all([*condition, *other_condition]), evaluated.and(other_evaluated));
                if !both.contains(&way) {
                    both.push(way);
                }
            }
        }
        both
    }

    /// The formula of a schema beside the keyword.
    fn condition(&mut self, schema: &Value, path: &[String]) -> Result<Lit, LoadError> {
        let place = pointer(path);
        if let Some(known) = self.conditions.get(&place) {
            return Ok(*known);
        }
        let lit = self.schema(schema, &mut path.to_vec())?;
        self.conditions.insert(place, lit);
        Ok(lit)
    }

    /// What the keywords of one schema look at themselves.
    fn own(&self, schema: &Map<String, Value>, keyword: &str, outermost: bool) -> Evaluated {
        if !outermost && schema.contains_key(keyword) {
            return Evaluated::All;
        }
        let keys = |keyword: &str| -> BTreeSet<String> {
            schema.get(keyword).and_then(Value::as_object).into_iter().flat_map(Map::keys).cloned().collect()
        };
        if keyword == "unevaluatedProperties" {
            if schema.contains_key("additionalProperties") {
                return Evaluated::All;
            }
            let (names, patterns) = (keys("properties"), keys("patternProperties"));
            return Evaluated::Some { names, patterns, items: 0 };
        }
        let (prefix, rest) = match schema.get("items") {
            Some(Value::Array(_)) => ("items", "additionalItems"),
            _ => ("prefixItems", "items"),
        };
        if schema.contains_key(rest) {
            return Evaluated::All;
        }
        // Before 2020-12, there is no `prefixItems`.
        let known = self.draft == Draft::Draft202012 || prefix == "items";
        let items = schema.get(prefix).filter(|_| known).and_then(Value::as_array).map_or(0, Vec::len);
        Evaluated::Some { names: BTreeSet::new(), patterns: BTreeSet::new(), items: items as u64 }
    }

    /// It is an object with this property.
    pub(super) fn present(&mut self, name: &str) -> Lit {
        let object = self.store.atom(Atom::Types(vec![Type::Object]));
        let required = self.store.atom(Atom::Required(name.to_owned()));
        self.store.all([object, required])
    }
}

fn extended(path: &[String], tokens: &[&str]) -> Vec<String> {
    path.iter().cloned().chain(tokens.iter().map(|token| (*token).to_owned())).collect()
}
