//! A goal for values of one type, with its alternatives taken apart.

use serde_json::{Value, json};

use super::{
    goal::{Outcome, Solver},
    schema::{Atom, Lit, Node, Type},
};

/// What must hold of a value of one type.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    pub(super) subject: Type,
    /// Atoms about this type, or their negations, sorted.
    pub(super) lits: Vec<Lit>,
    /// Of each of these lists, at least one must hold.
    alternatives: Vec<Vec<Lit>>,
}

/// A part of a goal, seen from one type.
enum Seen {
    True,
    False,
    Atom,
    All(Vec<Lit>),
    Any(Vec<Lit>),
}

impl Solver<'_> {
    /// Answers a goal for the values of one type.
    pub(super) fn solve_typed(&mut self, subject: Type, goal: &[Lit]) -> Outcome {
        let mut branch = Branch { subject, lits: Vec::new(), alternatives: Vec::new() };
        if !self.assert(&mut branch, goal.iter().copied()) {
            return Outcome::Empty;
        }
        self.solve_branch(branch)
    }

    /// Adds demands to a branch; false when they can't all hold.
    fn assert(&mut self, branch: &mut Branch, lits: impl IntoIterator<Item = Lit>) -> bool {
        let mut open: Vec<Lit> = lits.into_iter().collect();
        while let Some(lit) = open.pop() {
            match self.seen(branch.subject, lit) {
                Seen::True => {}
                Seen::False => return false,
                Seen::All(parts) => open.extend(parts),
                Seen::Atom => {
                    if branch.lits.binary_search(&!lit).is_ok() {
                        return false;
                    }
                    if let Err(place) = branch.lits.binary_search(&lit) {
                        branch.lits.insert(place, lit);
                    }
                }
                Seen::Any(parts) => {
                    let mut left = Vec::new();
                    let mut settled = false;
                    for part in parts {
                        match self.seen(branch.subject, part) {
                            Seen::True => settled = true,
                            Seen::False => {}
                            _ => left.push(part),
                        }
                    }
                    match left.as_slice() {
                        _ if settled => {}
                        [] => return false,
                        [only] => open.push(*only),
                        _ => branch.alternatives.push(left),
                    }
                }
            }
        }
        true
    }

    fn seen(&mut self, subject: Type, lit: Lit) -> Seen {
        let negated = |parts: &[Lit]| parts.iter().map(|part| !*part).collect::<Vec<_>>();
        match self.store.node(lit.id) {
            Node::Ref(slot) => match self.store.target(*slot) {
                Some(target) => Seen::All(vec![if lit.holds { target } else { !target }]),
                None => Seen::True,
            },
            Node::All(parts) if lit.holds => Seen::All(parts.clone()),
            Node::Any(parts) if !lit.holds => Seen::All(negated(parts)),
            Node::All(parts) => Seen::Any(negated(parts)),
            Node::Any(parts) => Seen::Any(parts.clone()),
            Node::One(parts) => {
                let parts = parts.clone();
                Seen::Any(self.exactly_one(&parts, lit.holds))
            }
            Node::Atom(atom) => {
                let truth = |truth: bool| if truth == lit.holds { Seen::True } else { Seen::False };
                match atom {
                    Atom::Types(types) => truth(types.contains(&subject)),
                    Atom::Enum(values) if !values.iter().any(|value| Type::of(value) == subject) => {
                        truth(false)
                    }
                    Atom::Format(_) if !matches!(subject, Type::String | Type::Number) => truth(true),
                    _ if atom.subject().is_some_and(|about| about != subject) => truth(true),
                    _ => Seen::Atom,
                }
            }
        }
    }

    /// The ways in which exactly one of the parts holds, or those in which none or several do.
    fn exactly_one(&mut self, parts: &[Lit], holds: bool) -> Vec<Lit> {
        let mut ways = Vec::new();
        if holds {
            for (index, part) in parts.iter().enumerate() {
                let others = parts.iter().enumerate().filter(|(other, _)| *other != index);
                let others: Vec<_> = others.map(|(_, other)| !*other).collect();
                ways.push(self.store.all(others.into_iter().chain([*part])));
            }
        } else {
            ways.push(self.store.all(parts.iter().map(|part| !*part)));
            for (index, part) in parts.iter().enumerate() {
                for other in &parts[index + 1..] {
                    ways.push(self.store.all([*part, *other]));
                }
            }
        }
        ways
    }

    fn solve_branch(&mut self, mut branch: Branch) -> Outcome {
        self.spend(1);
        if let Some(values) = self.listed(&branch) {
            return self.first_of(&branch, values);
        }
        if !self.settle(&mut branch) {
            return Outcome::Empty;
        }
        // The shortest list of alternatives divides the work into the fewest parts.
        let shortest = (0..branch.alternatives.len()).min_by_key(|index| branch.alternatives[*index].len());
        let Some(shortest) = shortest else { return self.leaf(&branch, true) };
        if self.exhausted() {
            return Outcome::Open;
        }
        let ways = branch.alternatives.swap_remove(shortest);
        let mut outcome = Outcome::Empty;
        for way in ways {
            let mut next = branch.clone();
            if !self.assert(&mut next, [way]) {
                continue;
            }
            let divided = self.solve_branch(next.clone());
            match self.better(outcome, divided, &next.lits) {
                Ok(model) => return model,
                Err(best) => outcome = best,
            }
        }
        outcome
    }

    /// Drops the alternatives that can't hold, until nothing changes; false when nothing is left of one.
    fn settle(&mut self, branch: &mut Branch) -> bool {
        loop {
            if self.leaf(branch, false).is_empty() {
                return false;
            }
            let mut forced = None;
            let mut index = 0;
            while index < branch.alternatives.len() {
                let mut left = Vec::new();
                let mut held = false;
                for way in branch.alternatives[index].clone() {
                    if branch.lits.binary_search(&way).is_ok() {
                        held = true;
                        break;
                    }
                    if self.exhausted() {
                        left.push(way);
                        continue;
                    }
                    let mut trial = Branch {
                        subject: branch.subject,
                        lits: branch.lits.clone(),
                        alternatives: Vec::new(),
                    };
                    let possible = self.assert(&mut trial, [way])
                        && !match self.listed(&trial) {
                            Some(values) => self.first_of(&trial, values).is_empty(),
                            None => self.leaf(&trial, false).is_empty(),
                        };
                    if possible {
                        left.push(way);
                    }
                }
                if held {
                    branch.alternatives.swap_remove(index);
                    continue;
                }
                match left.as_slice() {
                    [] => return false,
                    [only] => {
                        forced = Some(*only);
                        branch.alternatives.swap_remove(index);
                        break;
                    }
                    _ => branch.alternatives[index] = left,
                }
                index += 1;
            }
            match forced {
                None => return true,
                Some(only) => {
                    if !self.assert(branch, [only]) {
                        return false;
                    }
                }
            }
        }
    }

    /// All values that the branch can have, if they are listed.
    fn listed(&self, branch: &Branch) -> Option<Vec<Value>> {
        let mut listed: Option<Vec<Value>> = match branch.subject {
            Type::Null => Some(vec![Value::Null]),
            Type::Boolean => Some(vec![json!(false), json!(true)]),
            _ => None,
        };
        for lit in branch.lits.iter().filter(|lit| lit.holds) {
            if let Node::Atom(Atom::Enum(values)) = self.store.node(lit.id) {
                let typed = values.iter().filter(|value| Type::of(value) == branch.subject);
                listed = Some(match listed {
                    None => typed.cloned().collect(),
                    Some(known) => known.into_iter().filter(|value| values.contains(value)).collect(),
                });
            }
        }
        listed
    }

    /// The first of all possible values for which everything holds.
    fn first_of(&mut self, branch: &Branch, values: Vec<Value>) -> Outcome {
        let mut doubtful = None;
        for value in values {
            self.spend(1);
            let mut verdict = self.holds_all(&branch.lits, &value);
            for ways in &branch.alternatives {
                if verdict == Some(false) {
                    break;
                }
                match self.holds_any(ways, &value) {
                    Some(true) => {}
                    other => verdict = other,
                }
            }
            match verdict {
                Some(true) => return Outcome::Model(value),
                Some(false) => {}
                None => doubtful = doubtful.or(Some(value)),
            }
        }
        doubtful.map_or(Outcome::Empty, Outcome::Model)
    }

    /// Answers a branch without its alternatives; looks for a document only if `build` is set.
    fn leaf(&mut self, branch: &Branch, build: bool) -> Outcome {
        self.spend(1);
        match branch.subject {
            Type::Null | Type::Boolean => Outcome::Open,
            Type::Number => self.number(branch),
            Type::String => self.string(branch, build),
            Type::Array => self.array(branch, build),
            Type::Object => self.object(branch, build),
        }
    }

    /// Answers a branch that at most this value meets.
    pub(super) fn only(&mut self, branch: &Branch, value: Value) -> Outcome {
        match self.holds_all(&branch.lits, &value) {
            Some(false) => Outcome::Empty,
            _ => Outcome::Model(value),
        }
    }

    /// The atoms of a branch, each with whether it holds.
    pub(super) fn atoms(&self, branch: &Branch) -> Vec<(Atom, bool)> {
        let atom = |lit: &Lit| match self.store.node(lit.id) {
            Node::Atom(atom) => Some((atom.clone(), lit.holds)),
            _ => None,
        };
        branch.lits.iter().filter_map(atom).collect()
    }
}
