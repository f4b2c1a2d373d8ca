//! Goals about arrays: items by position, items that must be somewhere, and how many there are.

use serde_json::Value;

use super::{
    branch::Branch,
    exact::canonical,
    goal::{Outcome, Solver},
    schema::{Atom, Lit, Node, Type},
};

/// Positions beyond this are treated alike.
const POSITIONS_MAX: u64 = 64;
/// Longer arrays are not made up.
const LENGTH_MAX: u64 = 300;

/// What a branch demands of an array.
#[derive(Debug, Default)]
struct Demands {
    low: u64,
    high: Option<u64>,
    /// What holds for the item at one position.
    at: Vec<(u64, Lit)>,
    /// What holds for all items from a position on.
    from: Vec<(u64, Lit)>,
    /// What holds for some item from a position on.
    somewhere: Vec<(u64, Lit)>,
    /// What holds for so many items, at least.
    often: Vec<(Lit, u64)>,
    /// What holds for so many items, at most.
    seldom: Vec<(Lit, u64)>,
    unique: Option<bool>,
    /// From here on all positions are alike.
    tail: u64,
}

impl Demands {
    fn at_most(&mut self, length: u64) {
        self.high = Some(self.high.map_or(length, |high| high.min(length)));
    }

    fn impossible(&self) -> bool {
        self.high.is_some_and(|high| self.low > high)
    }

    fn reaches(&self, position: u64) -> bool {
        self.high.is_none_or(|high| position < high)
    }

    fn read(atoms: &[(Atom, bool)]) -> Self {
        let mut demands = Self::default();
        for (atom, holds) in atoms {
            match (atom, holds) {
                (Atom::MinItems(bound), true) => demands.low = demands.low.max(*bound),
                (Atom::MinItems(bound), false) => demands.at_most(bound.saturating_sub(1)),
                (Atom::MaxItems(bound), true) => demands.at_most(*bound),
                (Atom::MaxItems(bound), false) => demands.low = demands.low.max(bound.saturating_add(1)),
                (Atom::Item(index, schema), true) => demands.at.push((*index, *schema)),
                (Atom::Item(index, schema), false) => {
                    demands.at.push((*index, !*schema));
                    demands.low = demands.low.max(index + 1);
                }
                (Atom::Items(from, schema), true) => demands.from.push((*from, *schema)),
                (Atom::Items(from, schema), false) => demands.somewhere.push((*from, !*schema)),
                (Atom::MinContains(schema, 1), true) => demands.somewhere.push((0, *schema)),
                (Atom::MinContains(schema, 1), false) => demands.from.push((0, !*schema)),
                (Atom::MinContains(schema, bound), true) => demands.often.push((*schema, *bound)),
                (Atom::MinContains(schema, bound), false) => {
                    demands.seldom.push((*schema, bound.saturating_sub(1)))
                }
                (Atom::MaxContains(schema, bound), true) => demands.seldom.push((*schema, *bound)),
                (Atom::MaxContains(schema, bound), false) => {
                    demands.often.push((*schema, bound.saturating_add(1)))
                }
                (Atom::Unique, holds) => demands.unique = Some(*holds),
                _ => {}
            }
        }
        let ends = demands.at.iter().map(|(index, _)| index + 1);
        let starts = demands.from.iter().chain(&demands.somewhere).map(|(from, _)| *from);
        demands.tail = ends.chain(starts).max().unwrap_or(0);
        if demands.tail > POSITIONS_MAX {
            // Forgets what is said about far positions.
            demands.tail = POSITIONS_MAX;
            demands.at.retain(|(index, _)| *index < POSITIONS_MAX);
            demands.from.retain(|(from, _)| *from <= POSITIONS_MAX);
            demands.somewhere.retain(|(from, _)| *from <= POSITIONS_MAX);
        }
        if demands.unique == Some(false) {
            demands.low = demands.low.max(2);
        }
        demands
    }

    /// What holds for the item at a position; the tail stands for all positions after it.
    fn goal(&self, position: u64) -> Vec<Lit> {
        let at = self.at.iter().filter(|(index, _)| *index == position).map(|(_, schema)| *schema);
        let from = self.from.iter().filter(|(from, _)| *from <= position).map(|(_, schema)| *schema);
        at.chain(from).collect()
    }

    /// Every kind of position that the array can have.
    fn positions(&self) -> impl Iterator<Item = u64> + use<> {
        0..self.high.unwrap_or(u64::MAX).min(self.tail.saturating_add(1))
    }
}

impl Solver<'_> {
    /// Answers a branch about arrays.
    pub(super) fn array(&mut self, branch: &Branch, build: bool) -> Outcome {
        let mut demands = Demands::read(&self.atoms(branch));
        if self.no_array(&mut demands) {
            return Outcome::Empty;
        }
        if demands.high == Some(0) {
            return self.only(branch, Value::Array(Vec::new()));
        }
        if !build {
            return Outcome::Open;
        }
        match self.some_array(&demands) {
            Some(items) => Outcome::Model(Value::Array(items)),
            None => Outcome::Open,
        }
    }

    /// Whether no array meets the demands; tightens them on the way.
    fn no_array(&mut self, demands: &mut Demands) -> bool {
        if demands.impossible() {
            return true;
        }
        for position in demands.positions() {
            if self.solve(demands.goal(position)).is_empty() {
                demands.at_most(position);
                break;
            }
        }
        if demands.impossible() {
            return true;
        }
        for index in 0..demands.somewhere.len() {
            let (from, schema) = demands.somewhere[index];
            match self.nth_place(demands, from, schema, 1) {
                None => return true,
                Some(place) => demands.low = demands.low.max(place + 1),
            }
        }
        for index in 0..demands.often.len() {
            let (schema, bound) = demands.often[index];
            match self.nth_place(demands, 0, schema, bound) {
                None => return true,
                Some(place) => demands.low = demands.low.max(place + 1),
            }
        }
        for index in 0..demands.seldom.len() {
            let (schema, bound) = demands.seldom[index];
            self.shorten(demands, schema, bound);
        }
        demands.impossible() || self.contradicting_counts(demands) || self.contradicting_uniqueness(demands)
    }

    /// The first place at which so many items from a position on can be such.
    fn nth_place(&mut self, demands: &Demands, from: u64, schema: Lit, mut count: u64) -> Option<u64> {
        for position in demands.positions().filter(|position| *position >= from) {
            let goal = demands.goal(position).into_iter().chain([schema]);
            if self.solve(goal).is_empty() {
                continue;
            }
            if position == demands.tail {
                let place = position.checked_add(count - 1)?;
                return demands.reaches(place).then_some(place);
            }
            count -= 1;
            if count == 0 {
                return Some(position);
            }
        }
        None
    }

    /// Bounds the length where more items would be such than may be.
    fn shorten(&mut self, demands: &mut Demands, schema: Lit, bound: u64) {
        let mut certain = 0;
        for position in demands.positions() {
            let goal = demands.goal(position).into_iter().chain([!schema]);
            if !self.solve(goal).is_empty() {
                continue;
            }
            if position == demands.tail {
                demands.at_most(position.saturating_add(bound - certain));
                return;
            }
            certain += 1;
            if certain > bound {
                demands.at_most(position);
                return;
            }
        }
    }

    /// Whether more items must be such than may be of a wider kind.
    fn contradicting_counts(&mut self, demands: &Demands) -> bool {
        for (narrow, least) in &demands.often {
            for (wide, most) in &demands.seldom {
                if least <= most {
                    continue;
                }
                let mut wider = true;
                for position in demands.positions() {
                    let goal = demands.goal(position).into_iter().chain([*narrow, !*wide]);
                    wider = wider && self.solve(goal).is_empty();
                }
                if wider {
                    return true;
                }
            }
        }
        false
    }

    fn contradicting_uniqueness(&mut self, demands: &mut Demands) -> bool {
        match demands.unique {
            Some(true) => {
                let mut values = Vec::new();
                for position in demands.positions() {
                    match self.few_values(&demands.goal(position)) {
                        Some(few) => values.extend(few),
                        None => return false,
                    }
                }
                values.sort_by_cached_key(Value::to_string);
                values.dedup();
                demands.at_most(values.len() as u64);
                demands.impossible()
            }
            Some(false) => {
                let positions: Vec<u64> = demands.positions().collect();
                for (index, first) in positions.iter().enumerate() {
                    for second in &positions[index..] {
                        if first == second && *first != demands.tail {
                            continue;
                        }
                        let goal = demands.goal(*first).into_iter().chain(demands.goal(*second));
                        if !self.solve(goal).is_empty() {
                            return false;
                        }
                    }
                }
                true
            }
            None => false,
        }
    }

    /// All values that a goal can have, and maybe others, if that is a short list.
    pub(super) fn few_values(&mut self, goal: &[Lit]) -> Option<Vec<Value>> {
        let mut few = None;
        let mut types: Vec<Type> = Type::ALL.to_vec();
        let Some(simplified) = self.simplified(goal.iter().copied()) else { return Some(Vec::new()) };
        for lit in simplified.into_iter().filter(|lit| lit.holds) {
            match self.store.node(lit.id) {
                Node::Atom(Atom::Enum(values)) => few = Some(values.clone()),
                Node::Atom(Atom::Types(named)) => types.retain(|subject| named.contains(subject)),
                _ => {}
            }
        }
        if few.is_none() && types.iter().all(|subject| matches!(subject, Type::Null | Type::Boolean)) {
            few = Some(vec![Value::Null, Value::Bool(false), Value::Bool(true)]);
            few.as_mut()?.retain(|value| types.contains(&Type::of(value)));
        }
        let mut possible = Vec::new();
        for value in few? {
            if self.holds_all(goal, &value) != Some(false) {
                possible.push(canonical(&value)?);
            }
        }
        Some(possible)
    }

    /// An array that may meet the demands.
    fn some_array(&mut self, demands: &Demands) -> Option<Vec<Value>> {
        let mut wanted: Vec<(u64, Lit)> = demands.somewhere.clone();
        for (schema, bound) in &demands.often {
            for _ in 0..(*bound).min(LENGTH_MAX) {
                wanted.push((0, *schema));
            }
        }
        wanted.sort_by_key(|(from, _)| *from);
        let mut length = demands.low;
        if length > LENGTH_MAX {
            return None;
        }
        let mut places: Vec<Vec<Lit>> = Vec::new();
        let mut taken: Vec<bool> = Vec::new();
        let mut position = 0;
        while position < length || !wanted.is_empty() {
            if position > LENGTH_MAX || !demands.reaches(position) {
                // A wish that found no free place may share one.
                let (from, schema) = wanted.pop()?;
                let mut shared = false;
                for (index, place) in places.iter_mut().enumerate().skip(usize::try_from(from).ok()?) {
                    let goal = place.iter().copied().chain([schema]);
                    if !self.solve(goal).is_empty() {
                        place.push(schema);
                        taken[index] = true;
                        shared = true;
                        break;
                    }
                }
                if !shared {
                    return None;
                }
                continue;
            }
            let mut goal = demands.goal(position.min(demands.tail));
            let mut used = false;
            for index in 0..wanted.len() {
                let (from, schema) = wanted[index];
                if from <= position && !self.solve(goal.iter().copied().chain([schema])).is_empty() {
                    goal.push(schema);
                    wanted.remove(index);
                    used = true;
                    break;
                }
            }
            places.push(goal);
            taken.push(used);
            position += 1;
            length = length.max(position.min(demands.low));
        }
        self.fill(demands, &places, &taken)
    }

    fn fill(&mut self, demands: &Demands, places: &[Vec<Lit>], taken: &[bool]) -> Option<Vec<Value>> {
        let mut items: Vec<Value> = Vec::new();
        for (place, taken) in places.iter().zip(taken) {
            let mut goal = place.clone();
            if demands.unique == Some(true) && !items.is_empty() {
                let mut used: Vec<Value> = items.iter().filter_map(canonical).collect();
                used.sort_by_cached_key(Value::to_string);
                used.dedup();
                goal.push(!self.store.atom(Atom::Enum(used)));
            }
            if demands.unique == Some(false) {
                // The same item again, if it fits.
                if let Some(last) = items.last().cloned()
                    && self.holds_all(place, &last) != Some(false)
                {
                    items.push(last);
                    continue;
                }
            }
            let sparing: Vec<Lit> =
                if *taken { Vec::new() } else { demands.seldom.iter().map(|(schema, _)| !*schema).collect() };
            let item = match self.solve(goal.iter().copied().chain(sparing)) {
                Outcome::Model(item) => item,
                _ => match self.solve(goal) {
                    Outcome::Model(item) => item,
                    _ => return None,
                },
            };
            items.push(item);
        }
        Some(items)
    }
}
