//! The keywords that apply schemas, to the value or to its parts.

use jsonschema::Draft;
use serde_json::{Map, Value};

use super::{
    exact::count,
    load::{Loader, wrong_type},
    load_assertions::strings,
    load_error::LoadError,
    schema::{Atom, Lit, Node},
};

impl Loader<'_> {
    /// Adds what the keywords say that apply schemas.
    pub(super) fn applicators(
        &mut self,
        schema: &Map<String, Value>,
        path: &mut Vec<String>,
        parts: &mut Vec<Lit>,
    ) -> Result<(), LoadError> {
        if let Some(all) = self.inner_list(schema, "allOf", path)? {
            parts.extend(all);
        }
        if let Some(any) = self.inner_list(schema, "anyOf", path)? {
            parts.push(self.store.any(any));
        }
        if let Some(one) = self.inner_list(schema, "oneOf", path)? {
            parts.push(self.one(one));
        }
        if let Some(not) = self.inner(schema, "not", path)? {
            parts.push(!not);
        }
        self.conditional(schema, path, parts)?;
        self.dependencies(schema, path, parts)?;
        self.properties(schema, path, parts)?;
        self.items(schema, path, parts)?;
        self.contains(schema, path, parts)?;
        self.unevaluated(schema, path, parts)
    }

    fn one(&mut self, mut members: Vec<Lit>) -> Lit {
        let never = self.store.never();
        members.retain(|member| *member != never);
        members.sort_unstable();
        match members.as_slice() {
            [] => never,
            [only] => *only,
            _ => self.store.intern(Node::One(members)),
        }
    }

    fn conditional(
        &mut self,
        schema: &Map<String, Value>,
        path: &mut Vec<String>,
        parts: &mut Vec<Lit>,
    ) -> Result<(), LoadError> {
        if matches!(self.draft, Draft::Draft4 | Draft::Draft6) {
            return Ok(());
        }
        let Some(condition) = self.inner(schema, "if", path)? else { return Ok(()) };
        if let Some(then) = self.inner(schema, "then", path)? {
            parts.push(self.store.any([!condition, then]));
        }
        if let Some(otherwise) = self.inner(schema, "else", path)? {
            parts.push(self.store.any([condition, otherwise]));
        }
        Ok(())
    }

    fn dependencies(
        &mut self,
        schema: &Map<String, Value>,
        path: &mut Vec<String>,
        parts: &mut Vec<Lit>,
    ) -> Result<(), LoadError> {
        let new = matches!(self.draft, Draft::Draft201909 | Draft::Draft202012);
        if new && let Some(dependencies) = schema.get("dependencies") {
            // No longer a keyword, but many validators still check it.
            let text = self.opaque_text(dependencies, path);
            parts.push(self.store.atom(Atom::Opaque(None, format!("dependencies {text}"))));
        }
        let keywords: &[&str] =
            if new { &["dependentRequired", "dependentSchemas"] } else { &["dependencies"] };
        for keyword in keywords {
            let dependencies = match schema.get(*keyword) {
                None => continue,
                Some(Value::Object(dependencies)) => dependencies,
                Some(_) => return Err(wrong_type(keyword, path)),
            };
            path.push((*keyword).to_owned());
            for (name, dependency) in dependencies {
                path.push(name.clone());
                let needed = match dependency {
                    Value::Array(_) if *keyword != "dependentSchemas" => {
                        let names = strings(dependency).ok_or_else(|| wrong_type(keyword, path))?;
                        self.all_required(names)
                    }
                    _ if *keyword == "dependentRequired" => return Err(wrong_type(keyword, path)),
                    _ => self.schema(dependency, path)?,
                };
                let present = self.present(name);
                parts.push(self.store.any([!present, needed]));
                path.pop();
            }
            path.pop();
        }
        Ok(())
    }

    fn properties(
        &mut self,
        schema: &Map<String, Value>,
        path: &mut Vec<String>,
        parts: &mut Vec<Lit>,
    ) -> Result<(), LoadError> {
        let always = self.store.always();
        let properties = self.inner_map(schema, "properties", path)?;
        let patterns = self.inner_map(schema, "patternProperties", path)?;
        if let Some(additional) = self.inner(schema, "additionalProperties", path)? {
            self.additional(schema, additional, parts);
        }
        for (name, inner) in properties {
            if inner != always {
                parts.push(self.store.atom(Atom::Property(name, inner)));
            }
        }
        for (pattern, inner) in patterns {
            if inner != always {
                parts.push(self.store.atom(Atom::PatternProperty(pattern, inner)));
            }
        }
        if self.draft != Draft::Draft4
            && let Some(names) = self.inner(schema, "propertyNames", path)?
            && names != always
        {
            parts.push(self.store.atom(Atom::PropertyNames(names)));
        }
        Ok(())
    }

    fn additional(&mut self, schema: &Map<String, Value>, inner: Lit, parts: &mut Vec<Lit>) {
        if inner == self.store.always() {
            return;
        }
        let keys = |keyword: &str| {
            let mut keys: Vec<String> = schema
                .get(keyword)
                .and_then(Value::as_object)
                .map(|map| map.keys().cloned().collect())
                .unwrap_or_default();
            keys.sort_unstable();
            keys
        };
        let (names, patterns) = (keys("properties"), keys("patternProperties"));
        parts.push(self.store.atom(Atom::Additional { names, patterns, schema: inner }));
    }

    fn items(
        &mut self,
        schema: &Map<String, Value>,
        path: &mut Vec<String>,
        parts: &mut Vec<Lit>,
    ) -> Result<(), LoadError> {
        let array_form = schema.get("items").is_some_and(Value::is_array);
        let (prefix, rest) = match (self.draft == Draft::Draft202012, array_form) {
            (true, true) => return Err(wrong_type("items", path)),
            (true, false) => ("prefixItems", "items"),
            (false, true) => ("items", "additionalItems"),
            // Without a list of items, `additionalItems` says nothing.
            (false, false) => ("", "items"),
        };
        let prefix = self.inner_list(schema, prefix, path)?.unwrap_or_default();
        let rest = self.inner(schema, rest, path)?;
        let always = self.store.always();
        let end = prefix.len() as u64;
        for (index, inner) in (0..).zip(prefix) {
            if inner != always {
                parts.push(self.store.atom(Atom::Item(index, inner)));
            }
        }
        if let Some(rest) = rest {
            parts.push(self.rest(end, rest));
        }
        Ok(())
    }

    /// All items from the index on.
    pub(super) fn rest(&mut self, from: u64, inner: Lit) -> Lit {
        if inner == self.store.always() {
            inner
        } else if inner == self.store.never() {
            self.store.atom(Atom::MaxItems(from))
        } else {
            self.store.atom(Atom::Items(from, inner))
        }
    }

    fn contains(
        &mut self,
        schema: &Map<String, Value>,
        path: &mut Vec<String>,
        parts: &mut Vec<Lit>,
    ) -> Result<(), LoadError> {
        if self.draft == Draft::Draft4 {
            return Ok(());
        }
        let Some(inner) = self.inner(schema, "contains", path)? else { return Ok(()) };
        let mut bounds = [None, None];
        if matches!(self.draft, Draft::Draft201909 | Draft::Draft202012) {
            for (bound, keyword) in bounds.iter_mut().zip(["minContains", "maxContains"]) {
                if let Some(value) = schema.get(keyword) {
                    let number = value.as_number().and_then(count);
                    *bound = Some(number.ok_or_else(|| wrong_type(keyword, path))?);
                }
            }
        }
        let least = bounds[0].unwrap_or(1);
        if least > 0 {
            parts.push(self.store.atom(Atom::MinContains(inner, least)));
        }
        match bounds[1] {
            Some(0) => parts.push(self.rest(0, !inner)),
            Some(most) => parts.push(self.store.atom(Atom::MaxContains(inner, most))),
            None => {}
        }
        Ok(())
    }
}
