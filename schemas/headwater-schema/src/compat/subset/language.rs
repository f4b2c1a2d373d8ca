//! Whether there is a text that some patterns match and others don't, by walking their automata together.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use regex_automata::{
    Input, MatchKind,
    dfa::{Automaton, StartKind, dense},
    nfa::thompson,
    util::primitives::StateID,
};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::pattern::parse;

/// Larger automata are not built.
const AUTOMATON_BYTES_MAX: usize = 1 << 20;
/// So many combined states are looked at before giving up.
const STATES_MAX: usize = 8_000;
/// Lengths are counted this far; beyond, they are forgotten.
const LENGTH_MAX: u64 = 128;
/// More texts than this are not excluded one by one.
const EXCLUDED_MAX: usize = 64;

/// What a text must meet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Wanted {
    pub(super) matching: Vec<String>,
    pub(super) not_matching: Vec<String>,
    pub(super) excluded: Vec<String>,
    /// The length in code points, at least and at most.
    pub(super) low: u64,
    pub(super) high: u64,
}

/// Whether there is such a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// There is none.
    Nothing,
    /// This may be one: what isn't understood was left out.
    Text(String),
    /// The automata are too large.
    Unknown,
}

/// Automata of patterns, built once.
#[derive(Default)]
pub(super) struct Languages {
    automata: HashMap<String, Option<Language>>,
    answers: HashMap<Wanted, Found>,
}

#[derive(Clone)]
struct Language {
    automaton: std::sync::Arc<dense::DFA<Vec<u32>>>,
    /// Where characters begin to be treated differently.
    cuts: BTreeSet<u32>,
}

/// How far one automaton has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Progress {
    Reading(StateID),
    /// It has matched, which no further text can undo.
    Matched,
}

impl Languages {
    /// Looks for such a text.
    ///
    /// Patterns that mean different things to ECMA 262 and to Rust are left out, which can only add texts.
    pub(super) fn find(&mut self, wanted: &Wanted) -> Found {
        if let Some(found) = self.answers.get(wanted) {
            return found.clone();
        }
        let found = self.walk(wanted);
        self.answers.insert(wanted.clone(), found.clone());
        found
    }

    fn walk(&mut self, wanted: &Wanted) -> Found {
        let mut demands = Vec::new();
        for (patterns, matching) in [(&wanted.matching, true), (&wanted.not_matching, false)] {
            for pattern in patterns {
                demands.extend(self.language(pattern).map(|language| (language, matching)));
            }
        }
        if demands.is_empty() {
            return Found::Unknown;
        }
        if wanted.excluded.len() <= EXCLUDED_MAX {
            for text in &wanted.excluded {
                let exactly = [
                    Hir::look(regex_syntax::hir::Look::Start),
                    Hir::literal(text.as_bytes()),
                    Hir::look(regex_syntax::hir::Look::End),
                ];
                demands.extend(compile(&Hir::concat(exactly.into())).map(|language| (language, false)));
            }
        }
        let alphabet = alphabet(demands.iter().map(|(language, _)| &language.cuts));
        let counted = wanted.low <= LENGTH_MAX && (wanted.high <= LENGTH_MAX || wanted.high == u64::MAX);
        let (low, high) = if counted { (wanted.low, wanted.high) } else { (0, u64::MAX) };
        let longest = if high == u64::MAX { low } else { high };
        let mut start = Vec::new();
        for (language, _) in &demands {
            match language.automaton.start_state_forward(&Input::new("")) {
                Ok(state) => start.push(Progress::Reading(state)),
                Err(_) => return Found::Unknown,
            }
        }
        let start = (0_u64, start);
        let mut seen = HashSet::from([start.clone()]);
        let mut open = VecDeque::from([(start, String::new())]);
        while let Some(((length, progress), text)) = open.pop_front() {
            let accepted = |((language, matching), progress): (&(Language, bool), &Progress)| {
                *matching == language.ends_matching(*progress)
            };
            if length >= low && demands.iter().zip(&progress).all(accepted) {
                return Found::Text(text);
            }
            if high != u64::MAX && length == high {
                continue;
            }
            let length = (length + 1).min(longest);
            for character in &alphabet {
                let mut next = Vec::with_capacity(progress.len());
                for ((language, matching), progress) in demands.iter().zip(&progress) {
                    let progress = language.read(*progress, *character);
                    let hopeless = match progress {
                        Progress::Matched => !matching,
                        Progress::Reading(state) => *matching && language.automaton.is_dead_state(state),
                    };
                    if hopeless {
                        break;
                    }
                    next.push(progress);
                }
                if next.len() < progress.len() {
                    continue;
                }
                let next = (length, next);
                if !seen.contains(&next) {
                    if seen.len() >= STATES_MAX {
                        return Found::Unknown;
                    }
                    seen.insert(next.clone());
                    open.push_back((next, format!("{text}{character}")));
                }
            }
        }
        Found::Nothing
    }

    fn language(&mut self, pattern: &str) -> Option<Language> {
        self.automata
            .entry(pattern.to_owned())
            .or_insert_with(|| parse(pattern).and_then(|hir| compile(&hir)))
            .clone()
    }
}

impl Language {
    fn read(&self, progress: Progress, character: char) -> Progress {
        let Progress::Reading(mut state) = progress else { return progress };
        for byte in character.encode_utf8(&mut [0; 4]).bytes() {
            state = self.automaton.next_state(state, byte);
            if self.automaton.is_match_state(state) {
                return Progress::Matched;
            }
        }
        Progress::Reading(state)
    }

    fn ends_matching(&self, progress: Progress) -> bool {
        match progress {
            Progress::Matched => true,
            Progress::Reading(state) => self.automaton.is_match_state(self.automaton.next_eoi_state(state)),
        }
    }
}

fn compile(hir: &Hir) -> Option<Language> {
    let limits = thompson::Config::new().nfa_size_limit(Some(AUTOMATON_BYTES_MAX));
    let nfa = thompson::Compiler::new().configure(limits).build_from_hir(hir).ok()?;
    let config = dense::Config::new()
        .start_kind(StartKind::Unanchored)
        .match_kind(MatchKind::All)
        .dfa_size_limit(Some(AUTOMATON_BYTES_MAX))
        .determinize_size_limit(Some(AUTOMATON_BYTES_MAX));
    let automaton = dense::Builder::new().configure(config).build_from_nfa(&nfa).ok()?;
    let mut cuts = BTreeSet::new();
    collect_cuts(hir, &mut cuts)?;
    Some(Language { automaton: automaton.into(), cuts })
}

fn collect_cuts(hir: &Hir, cuts: &mut BTreeSet<u32>) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => {
            for character in std::str::from_utf8(&literal.0).ok()?.chars() {
                cuts.extend([u32::from(character), u32::from(character) + 1]);
            }
        }
        HirKind::Class(Class::Unicode(class)) => {
            for range in class.iter() {
                cuts.extend([u32::from(range.start()), u32::from(range.end()) + 1]);
            }
        }
        HirKind::Class(Class::Bytes(class)) => {
            for range in class.iter() {
                cuts.extend([u32::from(range.start()), u32::from(range.end()) + 1]);
            }
            // A class of bytes beyond ASCII would match parts of a character.
            if class.iter().any(|range| !range.end().is_ascii()) {
                return None;
            }
        }
        HirKind::Capture(capture) => collect_cuts(&capture.sub, cuts)?,
        HirKind::Repetition(repetition) => collect_cuts(&repetition.sub, cuts)?,
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            for part in parts {
                collect_cuts(part, cuts)?;
            }
        }
    }
    Some(())
}

/// One character of every set of characters that no pattern tells apart, readable ones where there are any.
fn alphabet<'a>(cuts: impl Iterator<Item = &'a BTreeSet<u32>>) -> Vec<char> {
    let mut all: BTreeSet<u32> = cuts.flatten().copied().collect();
    all.insert(0);
    // Surrogates are no characters, so the sets end there.
    all.extend([0xD800, 0xE000]);
    all.retain(|cut| *cut <= u32::from(char::MAX));
    let starts: Vec<u32> = all.into_iter().collect();
    let ends = starts.iter().skip(1).copied().chain([u32::from(char::MAX) + 1]);
    let readable = ['a', 'A', '0', 'x', '-', ' ', '!', 'é'];
    let mut alphabet: Vec<char> = starts
        .iter()
        .zip(ends)
        .filter_map(|(start, end)| {
            let within = |character: &char| (*start..end).contains(&u32::from(*character));
            readable.into_iter().find(within).or_else(|| char::from_u32(*start))
        })
        .collect();
    alphabet.sort_by_key(|character| (!character.is_ascii_graphic(), *character));
    alphabet
}
