//! Goals about numbers: intervals, divisors and holes.

use num::{Signed, Zero};
use serde_json::Value;

use super::{
    branch::Branch,
    exact::{Exact, common_multiple, is_multiple, is_seen_by_all, number, one},
    goal::{Outcome, Solver},
    schema::Atom,
};

/// At most this many whole multiples are looked at one by one.
const MULTIPLES_MAX: i64 = 512;

/// The numbers that the bounds and divisors of a branch leave.
#[derive(Default)]
struct Range {
    /// The bound, and whether it is itself excluded.
    low: Option<(Exact, bool)>,
    high: Option<(Exact, bool)>,
    /// All numbers are multiples of this one.
    divisor: Option<Exact>,
    /// None is a multiple of these.
    not_divisors: Vec<Exact>,
    /// Numbers worth a try.
    hints: Vec<Exact>,
}

impl Range {
    fn at_least(&mut self, bound: &Exact, excluded: bool) {
        let tighter = match &self.low {
            None => true,
            Some((low, strict)) => bound > low || (bound == low && excluded && !strict),
        };
        if tighter {
            self.low = Some((bound.clone(), excluded));
        }
    }

    fn at_most(&mut self, bound: &Exact, excluded: bool) {
        let tighter = match &self.high {
            None => true,
            Some((high, strict)) => bound < high || (bound == high && excluded && !strict),
        };
        if tighter {
            self.high = Some((bound.clone(), excluded));
        }
    }

    fn divides(&mut self, divisor: &Exact) {
        self.divisor = Some(match &self.divisor {
            None => divisor.clone(),
            Some(known) => common_multiple(known, divisor),
        });
    }

    fn read(atoms: &[(Atom, bool)]) -> Self {
        let mut range = Self::default();
        for (atom, holds) in atoms {
            match (atom, holds) {
                (Atom::Minimum(bound), true) => range.at_least(bound, false),
                (Atom::Minimum(bound), false) => range.at_most(bound, true),
                (Atom::ExclusiveMinimum(bound), true) => range.at_least(bound, true),
                (Atom::ExclusiveMinimum(bound), false) => range.at_most(bound, false),
                (Atom::Maximum(bound), true) => range.at_most(bound, false),
                (Atom::Maximum(bound), false) => range.at_least(bound, true),
                (Atom::ExclusiveMaximum(bound), true) => range.at_most(bound, true),
                (Atom::ExclusiveMaximum(bound), false) => range.at_least(bound, false),
                (Atom::Integer, true) => range.divides(&one()),
                (Atom::Integer, false) => range.not_divisors.push(one()),
                (Atom::MultipleOf(divisor), true) => range.divides(divisor),
                (Atom::MultipleOf(divisor), false) => range.not_divisors.push(divisor.clone()),
                (Atom::Enum(values), false) => {
                    let listed = values.iter().filter_map(Value::as_number);
                    range.hints.extend(listed.filter_map(super::exact::exact));
                }
                _ => {}
            }
        }
        range
    }

    /// The only numbers that there can be, if they are few.
    fn all(&self) -> Option<Vec<Exact>> {
        let ((low, low_out), (high, high_out)) = (self.low.as_ref()?, self.high.as_ref()?);
        if low > high || (low == high && (*low_out || *high_out)) {
            return Some(Vec::new());
        }
        let Some(divisor) = &self.divisor else {
            return (low == high).then(|| vec![low.clone()]);
        };
        let mut first = (low / divisor).ceil();
        if *low_out && &(&first * divisor) == low {
            first += one();
        }
        let mut last = (high / divisor).floor();
        if *high_out && &(&last * divisor) == high {
            last -= one();
        }
        if &last - &first > Exact::from_integer(MULTIPLES_MAX.into()) {
            return None;
        }
        let mut all = Vec::new();
        while first <= last {
            all.push(&first * divisor);
            first += one();
        }
        Some(all)
    }

    /// Whether what must divide all numbers forbids them all.
    fn contradicts(&self) -> bool {
        let Some(divisor) = &self.divisor else { return false };
        self.not_divisors.iter().any(|not| is_seen_by_all(divisor, not) && is_multiple(divisor, not))
    }

    /// Numbers at the edges of what is left, the simplest first.
    fn some(&self) -> Vec<Exact> {
        let step = self.divisor.clone().unwrap_or_else(one);
        let half = Exact::new(1.into(), 2.into());
        let mut anchors = vec![Exact::zero()];
        anchors.extend(self.low.iter().chain(&self.high).map(|(bound, _)| bound.clone()));
        if let (Some((low, _)), Some((high, _))) = (&self.low, &self.high) {
            anchors.push((low + high) * &half);
        }
        let mut some = Vec::new();
        for anchor in anchors.iter().chain(&self.hints) {
            let near = (anchor / &step).floor() * &step;
            for steps in -3..=8 {
                some.push(&near + &step * Exact::from_integer(steps.into()));
            }
            if self.divisor.is_none() {
                for part in [2, 3, 10, 1000, 1_000_000] {
                    let part = Exact::new(1.into(), part.into());
                    some.push(anchor + &part);
                    some.push(anchor - &part);
                }
                some.push(anchor.clone());
            }
        }
        for not in &self.not_divisors {
            some.extend([not * &half, not + &step, not * Exact::new(3.into(), 2.into())]);
        }
        some.sort_by(|a, b| (a.abs(), a.is_negative(), a).cmp(&(b.abs(), b.is_negative(), b)));
        some.dedup();
        some
    }
}

impl Solver<'_> {
    /// Answers a branch about numbers.
    pub(super) fn number(&mut self, branch: &Branch) -> Outcome {
        let range = Range::read(&self.atoms(branch));
        if range.contradicts() {
            return Outcome::Empty;
        }
        if let Some(all) = range.all() {
            let mut outcome = Outcome::Empty;
            for candidate in all {
                let Some(value) = number(&candidate).map(Value::Number) else {
                    outcome = Outcome::Open;
                    continue;
                };
                match self.holds_all(&branch.lits, &value) {
                    Some(false) => {}
                    Some(true) => return Outcome::Model(value),
                    None => outcome = Outcome::Model(value),
                }
            }
            return outcome;
        }
        let mut doubtful = Outcome::Open;
        for candidate in range.some() {
            let Some(value) = number(&candidate).map(Value::Number) else { continue };
            match self.holds_all(&branch.lits, &value) {
                Some(false) => {}
                Some(true) => return Outcome::Model(value),
                None if doubtful == Outcome::Open => doubtful = Outcome::Model(value),
                None => {}
            }
        }
        doubtful
    }
}
