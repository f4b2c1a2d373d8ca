//! The question every proof comes down to: is there a document for which all of these hold?

use std::collections::HashMap;

use serde_json::Value;

use super::{
    decision::Formats,
    language::Languages,
    schema::{Lit, Node, Store, Type},
    validator::Strings,
};

/// What is known about the documents for which everything in a goal holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    /// There is none. Only this is ever relied upon.
    Empty,
    /// This may be one; nothing but a validator can tell.
    Model(Value),
    /// No document was found, nor a proof that there is none.
    Open,
}

impl Outcome {
    /// Whether there is certainly no such document.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::Empty
    }
}

/// How much work one question may cost.
const STEPS_MAX: u64 = 200_000;
/// How far goals may nest, which bounds the stack.
const DEPTH_MAX: usize = 40;
/// So many documents are kept of which only a validator can tell.
const DOUBTFUL_MAX: usize = 200;

/// Answers goals.
///
/// The one invariant: a goal is only ever replaced by goals that together cover all of its documents. Forgetting a
/// part of a goal covers more, so whatever isn't understood can be left out, and [`Outcome::Empty`] stays true.
pub(super) struct Solver<'a> {
    pub(super) store: &'a mut Store,
    pub(super) strings: Strings,
    pub(super) languages: Languages,
    pub(super) formats: Formats,
    /// Documents of the outermost goal, as far as can be told.
    pub(super) doubtful: Vec<Value>,
    steps: u64,
    answers: HashMap<Vec<Lit>, Outcome>,
    /// The goals being answered, outermost first.
    open: Vec<Vec<Lit>>,
    /// The outermost open goal that an answer has assumed to be empty since it was last reset.
    assumed: usize,
}

impl<'a> Solver<'a> {
    /// A solver that knows nothing yet.
    pub(super) fn new(store: &'a mut Store, formats: Formats) -> Self {
        Self {
            store,
            strings: Strings::default(),
            languages: Languages::default(),
            formats,
            doubtful: Vec::new(),
            steps: 0,
            answers: HashMap::new(),
            open: Vec::new(),
            assumed: usize::MAX,
        }
    }

    /// Whether the work is used up.
    pub(super) fn exhausted(&self) -> bool {
        self.steps >= STEPS_MAX
    }

    /// Counts work.
    pub(super) fn spend(&mut self, steps: u64) {
        self.steps += steps;
    }

    /// Whether there is a document for which all of these hold.
    ///
    /// Goals are asked about a document and then about its strictly smaller parts. So when a goal comes back inside
    /// itself, or with more demanded, a smallest document of it would have a smaller one inside: there is none.
    pub(super) fn solve(&mut self, lits: impl IntoIterator<Item = Lit>) -> Outcome {
        self.spend(1);
        let Some(goal) = self.simplified(lits) else { return Outcome::Empty };
        if let Some(level) =
            self.open.iter().position(|open| open.iter().all(|lit| goal.binary_search(lit).is_ok()))
        {
            self.assumed = self.assumed.min(level);
            return Outcome::Empty;
        }
        if let Some(answer) = self.answers.get(&goal) {
            return answer.clone();
        }
        if self.exhausted() || self.open.len() >= DEPTH_MAX {
            return Outcome::Open;
        }
        let level = self.open.len();
        let outside = std::mem::replace(&mut self.assumed, usize::MAX);
        self.open.push(goal.clone());
        let answer = self.solve_by_type(&goal);
        self.open.pop();
        // An answer that assumed this goal itself to be empty, and no other, stands on its own.
        let own = self.assumed >= level;
        if own && !(answer == Outcome::Open && self.exhausted()) {
            self.answers.insert(goal, answer.clone());
        }
        self.assumed = if own { outside } else { outside.min(self.assumed) };
        answer
    }

    fn solve_by_type(&mut self, goal: &[Lit]) -> Outcome {
        let mut outcome = Outcome::Empty;
        for subject in Type::ALL {
            let typed = self.solve_typed(subject, goal);
            match self.better(outcome, typed, goal) {
                Ok(model) => return model,
                Err(best) => outcome = best,
            }
        }
        outcome
    }

    /// What is known of a goal from what is known of two parts of it; a document that certainly belongs ends the search.
    pub(super) fn better(&mut self, one: Outcome, other: Outcome, goal: &[Lit]) -> Result<Outcome, Outcome> {
        let Outcome::Model(model) = other else {
            return Err(match (one, other) {
                (Outcome::Empty, other) => other,
                (one, _) => one,
            });
        };
        match self.holds_all(goal, &model) {
            Some(true) => return Ok(Outcome::Model(model)),
            Some(false) => return Err(if one.is_empty() { Outcome::Open } else { one }),
            None => {}
        }
        if self.open.len() == 1 && self.doubtful.len() < DOUBTFUL_MAX {
            self.doubtful.push(model.clone());
        }
        Err(if matches!(one, Outcome::Model(_)) { one } else { Outcome::Model(model) })
    }

    /// The goal with references and conjunctions opened, or nothing when it contradicts itself.
    pub(super) fn simplified(&mut self, lits: impl IntoIterator<Item = Lit>) -> Option<Vec<Lit>> {
        let mut goal = Vec::new();
        let mut open: Vec<Lit> = lits.into_iter().collect();
        while let Some(lit) = open.pop() {
            match self.store.node(lit.id) {
                Node::Ref(slot) => match self.store.target(*slot) {
                    Some(target) => open.push(if lit.holds { target } else { !target }),
                    None => goal.push(lit),
                },
                Node::All(parts) if lit.holds => open.extend(parts.iter().copied()),
                Node::Any(parts) if !lit.holds => open.extend(parts.iter().map(|part| !*part)),
                Node::All(parts) if parts.is_empty() => return None,
                Node::Any(parts) if parts.is_empty() => return None,
                _ => goal.push(lit),
            }
        }
        goal.sort_unstable();
        goal.dedup();
        // A literal and its negation are neighbours.
        goal.windows(2).all(|pair| pair[0].id != pair[1].id).then_some(goal)
    }
}
