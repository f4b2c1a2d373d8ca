//! Goals about objects: properties by name, by kind of name, and how many there are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{
    branch::Branch,
    goal::{Outcome, Solver},
    schema::{Atom, Lit, Type},
};

/// With more patterns than this, names that are not mentioned are not told apart.
const PATTERNS_MAX: usize = 5;
/// Larger objects are not made up.
const SIZE_MAX: u64 = 200;

/// What a branch demands of an object.
#[derive(Debug, Default)]
struct Demands {
    low: u64,
    high: Option<u64>,
    required: BTreeSet<String>,
    absent: BTreeSet<String>,
    /// What holds for values of properties, by whose names.
    values: Vec<(Scope, Lit)>,
    /// What holds for all names.
    names: Vec<Lit>,
    /// What holds for one property at least.
    somewhere: Vec<Somewhere>,
    mentioned: BTreeSet<String>,
    patterns: BTreeSet<String>,
}

/// Which names something is about.
#[derive(Debug, Clone)]
enum Scope {
    Name(String),
    Matching(String),
    Others { names: Vec<String>, patterns: Vec<String> },
    All,
}

/// Some property must have such a name and such a value.
#[derive(Debug, Clone)]
struct Somewhere {
    scope: Scope,
    name: Option<Lit>,
    value: Option<Lit>,
}

/// Names that are treated alike: one that is mentioned, or all others that match the same patterns.
#[derive(Debug, Clone)]
struct Kind {
    name: Option<String>,
    /// For every pattern whether it matches; nothing when that isn't told apart.
    matching: BTreeMap<String, Option<bool>>,
    /// What holds for the values.
    goal: Vec<Lit>,
    /// Whether a property of this kind can be there at all.
    possible: bool,
}

impl Kind {
    /// Whether the scope has the names of this kind; nothing when it may have some.
    fn within(&self, scope: &Scope) -> Option<bool> {
        let matches = |pattern: &String| self.matching.get(pattern).copied().flatten();
        match scope {
            Scope::All => Some(true),
            Scope::Name(name) => Some(self.name.as_ref() == Some(name)),
            Scope::Matching(pattern) => matches(pattern),
            Scope::Others { names, patterns } => {
                if self.name.as_ref().is_some_and(|name| names.contains(name)) {
                    return Some(false);
                }
                let matched: Vec<_> = patterns.iter().map(matches).collect();
                if matched.contains(&Some(true)) {
                    Some(false)
                } else if matched.contains(&None) {
                    None
                } else {
                    Some(true)
                }
            }
        }
    }
}

impl Demands {
    fn at_most(&mut self, size: u64) {
        self.high = Some(self.high.map_or(size, |high| high.min(size)));
    }

    fn read(atoms: &[(Atom, bool)]) -> Self {
        let mut demands = Self::default();
        for (atom, holds) in atoms {
            match (atom, holds) {
                (Atom::MinProperties(bound), true) => demands.low = demands.low.max(*bound),
                (Atom::MinProperties(bound), false) => demands.at_most(bound.saturating_sub(1)),
                (Atom::MaxProperties(bound), true) => demands.at_most(*bound),
                (Atom::MaxProperties(bound), false) => demands.low = demands.low.max(bound.saturating_add(1)),
                (Atom::Required(name), true) => demands.require(name),
                (Atom::Required(name), false) => {
                    demands.mentioned.insert(name.clone());
                    demands.absent.insert(name.clone());
                }
                (Atom::Property(name, schema), holds) => {
                    demands.mentioned.insert(name.clone());
                    if *holds {
                        demands.values.push((Scope::Name(name.clone()), *schema));
                    } else {
                        demands.require(name);
                        demands.values.push((Scope::Name(name.clone()), !*schema));
                    }
                }
                (Atom::PatternProperty(pattern, schema), holds) => {
                    demands.patterns.insert(pattern.clone());
                    demands.about(Scope::Matching(pattern.clone()), *schema, *holds);
                }
                (Atom::Additional { names, patterns, schema }, holds) => {
                    demands.mentioned.extend(names.iter().cloned());
                    demands.patterns.extend(patterns.iter().cloned());
                    let scope = Scope::Others { names: names.clone(), patterns: patterns.clone() };
                    demands.about(scope, *schema, *holds);
                }
                (Atom::PropertyNames(schema), true) => demands.names.push(*schema),
                (Atom::PropertyNames(schema), false) => {
                    demands.somewhere.push(Somewhere {
                        scope: Scope::All,
                        name: Some(!*schema),
                        value: None,
                    });
                }
                _ => {}
            }
        }
        demands
    }

    fn require(&mut self, name: &str) {
        self.mentioned.insert(name.to_owned());
        self.required.insert(name.to_owned());
    }

    fn about(&mut self, scope: Scope, schema: Lit, holds: bool) {
        if holds {
            self.values.push((scope, schema));
        } else {
            self.somewhere.push(Somewhere { scope, name: None, value: Some(!schema) });
        }
    }
}

impl Solver<'_> {
    /// Answers a branch about objects.
    pub(super) fn object(&mut self, branch: &Branch, build: bool) -> Outcome {
        let demands = Demands::read(&self.atoms(branch));
        if demands.high.is_some_and(|high| demands.low > high)
            || demands.required.iter().any(|name| demands.absent.contains(name))
        {
            return Outcome::Empty;
        }
        let kinds = self.kinds(&demands);
        if self.no_object(&demands, &kinds) {
            return Outcome::Empty;
        }
        if demands.high == Some(0) || !kinds.iter().any(|kind| kind.possible) {
            return self.only(branch, Value::Object(Map::new()));
        }
        if !build {
            return Outcome::Open;
        }
        match self.some_object(&demands, &kinds) {
            Some(members) => Outcome::Model(Value::Object(members)),
            None => Outcome::Open,
        }
    }

    fn kinds(&mut self, demands: &Demands) -> Vec<Kind> {
        let mut kinds = Vec::new();
        for name in &demands.mentioned {
            let matching = demands
                .patterns
                .iter()
                .map(|pattern| (pattern.clone(), self.strings.matches(pattern, name)))
                .collect();
            let text = Value::from(name.as_str());
            let allowed =
                !demands.absent.contains(name) && self.holds_all(&demands.names, &text) != Some(false);
            kinds.push(Kind { name: Some(name.clone()), matching, goal: Vec::new(), possible: allowed });
        }
        let patterns: Vec<&String> = demands.patterns.iter().collect();
        if patterns.len() > PATTERNS_MAX {
            let matching = patterns.iter().map(|pattern| ((*pattern).clone(), None)).collect();
            kinds.push(Kind { name: None, matching, goal: Vec::new(), possible: true });
        } else {
            for signature in 0..1_usize << patterns.len() {
                let matching = patterns
                    .iter()
                    .enumerate()
                    .map(|(index, pattern)| ((*pattern).clone(), Some(signature >> index & 1 == 1)))
                    .collect();
                kinds.push(Kind { name: None, matching, goal: Vec::new(), possible: true });
            }
        }
        for kind in &mut kinds {
            let about = demands.values.iter().filter(|(scope, _)| kind.within(scope) == Some(true));
            kind.goal = about.map(|(_, schema)| *schema).collect();
            if kind.possible && kind.name.is_none() {
                let goal = self.name_goal(demands, kind, None);
                kind.possible = !self.solve(goal).is_empty();
            }
            kind.possible = kind.possible && !self.solve(kind.goal.iter().copied()).is_empty();
        }
        kinds
    }

    /// What holds for a name of a kind that is not mentioned.
    fn name_goal(&mut self, demands: &Demands, kind: &Kind, more: Option<Lit>) -> Vec<Lit> {
        let mut goal = vec![self.store.atom(Atom::Types(vec![Type::String]))];
        goal.extend(&demands.names);
        goal.extend(more);
        for (pattern, matching) in &kind.matching {
            if let Some(matching) = matching {
                let lit = self.store.atom(Atom::Pattern(pattern.clone()));
                goal.push(if *matching { lit } else { !lit });
            }
        }
        if !demands.mentioned.is_empty() {
            let mentioned = demands.mentioned.iter().map(|name| Value::from(name.as_str())).collect();
            goal.push(!self.store.atom(Atom::Enum(mentioned)));
        }
        goal
    }

    /// Whether no object meets the demands.
    fn no_object(&mut self, demands: &Demands, kinds: &[Kind]) -> bool {
        let possible =
            |name: &String| kinds.iter().any(|kind| kind.possible && kind.name.as_ref() == Some(name));
        if !demands.required.iter().all(possible) {
            return true;
        }
        let only_mentioned = !kinds.iter().any(|kind| kind.possible && kind.name.is_none());
        let most = kinds.iter().filter(|kind| kind.possible).count() as u64;
        if only_mentioned && most < demands.low {
            return true;
        }
        let mut least = demands.required.len() as u64;
        let mut one_more = false;
        for somewhere in &demands.somewhere {
            let mut fits = false;
            let mut fits_required = false;
            for kind in kinds {
                if self.may_be(demands, kind, somewhere) {
                    fits = true;
                    fits_required |= kind.name.as_ref().is_some_and(|name| demands.required.contains(name));
                }
            }
            if !fits {
                return true;
            }
            one_more |= !fits_required;
        }
        least += u64::from(one_more);
        demands.high.is_some_and(|high| least > high)
    }

    /// Whether a property of this kind may be the one that must be somewhere.
    fn may_be(&mut self, demands: &Demands, kind: &Kind, somewhere: &Somewhere) -> bool {
        if !kind.possible || kind.within(&somewhere.scope) == Some(false) {
            return false;
        }
        if let Some(name) = somewhere.name {
            let refuted = match &kind.name {
                Some(text) => self.holds(name, &Value::from(text.as_str())) == Some(false),
                None => {
                    let goal = self.name_goal(demands, kind, Some(name));
                    self.solve(goal).is_empty()
                }
            };
            if refuted {
                return false;
            }
        }
        !self.solve(kind.goal.iter().copied().chain(somewhere.value)).is_empty()
    }

    /// An object that may meet the demands.
    fn some_object(&mut self, demands: &Demands, kinds: &[Kind]) -> Option<Map<String, Value>> {
        let mut goals: BTreeMap<String, Vec<Lit>> = BTreeMap::new();
        for kind in kinds {
            if let Some(name) = kind.name.as_ref().filter(|name| demands.required.contains(*name)) {
                goals.insert(name.clone(), kind.goal.clone());
            }
        }
        for somewhere in &demands.somewhere {
            let mut fitting = Vec::new();
            for kind in kinds {
                if self.may_be(demands, kind, somewhere) {
                    fitting.push(kind);
                }
            }
            // A property that is there anyway keeps the object small.
            fitting.sort_by_key(|kind| !kind.name.as_ref().is_some_and(|name| goals.contains_key(name)));
            let mut placed = false;
            for kind in fitting {
                let Some(name) = self.name_of(demands, kind, somewhere.name, &goals) else { continue };
                let mut goal = goals.get(&name).unwrap_or(&kind.goal).clone();
                goal.extend(somewhere.value);
                if !self.solve(goal.iter().copied()).is_empty() {
                    goals.insert(name, goal);
                    placed = true;
                    break;
                }
            }
            if !placed {
                return None;
            }
        }
        if demands.low > SIZE_MAX {
            return None;
        }
        for kind in kinds.iter().filter(|kind| kind.possible) {
            while (goals.len() as u64) < demands.low {
                match self.name_of(demands, kind, None, &goals) {
                    Some(name) if !goals.contains_key(&name) => {
                        goals.insert(name, kind.goal.clone());
                    }
                    _ => break,
                }
            }
        }
        let mut members = Map::new();
        for (name, goal) in goals {
            match self.solve(goal) {
                Outcome::Model(value) => members.insert(name, value),
                _ => return None,
            };
        }
        Some(members)
    }

    /// A name of this kind; a new one if none is mentioned.
    fn name_of(
        &mut self,
        demands: &Demands,
        kind: &Kind,
        more: Option<Lit>,
        taken: &BTreeMap<String, Vec<Lit>>,
    ) -> Option<String> {
        if let Some(name) = &kind.name {
            return Some(name.clone());
        }
        let mut goal = self.name_goal(demands, kind, more);
        if !taken.is_empty() {
            let taken = taken.keys().map(|name| Value::from(name.as_str())).collect();
            goal.push(!self.store.atom(Atom::Enum(taken)));
        }
        match self.solve(goal) {
            Outcome::Model(Value::String(name)) => Some(name),
            _ => None,
        }
    }
}
