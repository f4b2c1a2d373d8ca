//! Goals about strings: lengths, patterns and formats.

use serde_json::Value;

use super::{
    branch::Branch,
    format,
    goal::{Outcome, Solver},
    language::{Found, Wanted},
    pattern,
    schema::Atom,
};

/// Longer strings are not made up.
const LENGTH_MAX: u64 = 20_000;

impl Solver<'_> {
    /// Answers a branch about strings.
    pub(super) fn string(&mut self, branch: &Branch, build: bool) -> Outcome {
        let atoms = self.atoms(branch);
        let (mut shortest, mut longest) = (0, u64::MAX);
        for (atom, holds) in &atoms {
            match (atom, holds) {
                (Atom::MinLength(bound), true) => shortest = shortest.max(*bound),
                (Atom::MinLength(bound), false) => longest = longest.min(bound.saturating_sub(1)),
                (Atom::MaxLength(bound), true) => longest = longest.min(*bound),
                (Atom::MaxLength(bound), false) => shortest = shortest.max(bound.saturating_add(1)),
                (Atom::Pattern(pattern), true) => {
                    if let Some((low, high)) = pattern::lengths(pattern) {
                        shortest = shortest.max(low);
                        longest = longest.min(high.unwrap_or(u64::MAX));
                    }
                }
                _ => {}
            }
        }
        if shortest > longest {
            return Outcome::Empty;
        }
        if longest == 0 {
            return self.only(branch, Value::from(""));
        }
        let found = self.languages.find(&wanted(&atoms, shortest, longest));
        if found == Found::Nothing {
            return Outcome::Empty;
        }
        if !build {
            return Outcome::Open;
        }
        let mut candidates = Vec::new();
        if let Found::Text(text) = found {
            candidates.push(text);
        }
        for (atom, holds) in &atoms {
            match (atom, holds) {
                (Atom::Pattern(pattern), true) => candidates.extend(pattern::examples(pattern)),
                (Atom::Format(format), _) => candidates.extend(format::examples(format).map(str::to_owned)),
                _ => {}
            }
        }
        candidates.extend(["", "a", "b", "0", "1", "A", "-", " ", "é", "aa", "foo", "x1"].map(str::to_owned));
        if shortest <= LENGTH_MAX {
            let fills: Vec<String> = candidates.clone();
            for length in [shortest, shortest + 1, longest.min(LENGTH_MAX)] {
                let length = usize::try_from(length).unwrap_or(0);
                for fill in ["a", "0", "é", "b", " ", "A", "-"] {
                    candidates.push(fill.repeat(length));
                }
                for fill in &fills {
                    if let Some(last) = fill.chars().last() {
                        let missing = length.saturating_sub(fill.chars().count());
                        candidates.push(fill.chars().chain(std::iter::repeat_n(last, missing)).collect());
                        candidates.push(fill.chars().cycle().take(length).collect());
                    }
                }
            }
        }
        for n in 0..12 {
            candidates.push(format!("x{n}"));
        }
        candidates.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
        candidates.dedup();
        let mut doubtful = Outcome::Open;
        for candidate in candidates {
            let value = Value::from(candidate);
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

fn wanted(atoms: &[(Atom, bool)], low: u64, high: u64) -> Wanted {
    let mut wanted = Wanted { matching: vec![], not_matching: vec![], excluded: vec![], low, high };
    for (atom, holds) in atoms {
        match (atom, holds) {
            (Atom::Pattern(pattern), true) => wanted.matching.push(pattern.clone()),
            (Atom::Pattern(pattern), false) => wanted.not_matching.push(pattern.clone()),
            (Atom::Enum(values), false) => {
                wanted.excluded.extend(values.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            _ => {}
        }
    }
    wanted
}
