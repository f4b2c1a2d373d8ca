//! What a regular expression says about the strings that match it, as far as its simplest forms go.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// Longer strings are not made up from a pattern.
const EXAMPLE_MAX: usize = 300;
const EXAMPLES_MAX: usize = 24;

/// The lengths of matching strings, in code points, if the pattern is anchored on both sides.
///
/// Only patterns in which ECMA 262 and Rust's regular expressions agree are looked at.
pub(super) fn lengths(pattern: &str) -> Option<(u64, Option<u64>)> {
    let hir = parse(pattern)?;
    let (low, mut high) = code_points(&hir)?;
    let HirKind::Concat(parts) = hir.kind() else { return Some((low, None)) };
    let anchored =
        |part: Option<&Hir>, look: Look| part.is_some_and(|part| *part.kind() == HirKind::Look(look));
    if !(anchored(parts.first(), Look::Start) && anchored(parts.last(), Look::End)) {
        high = None;
    }
    Some((low, high))
}

/// Strings that may match, for a validator to confirm.
pub(super) fn examples(pattern: &str) -> Vec<String> {
    let mut examples = match regex_syntax::parse(pattern) {
        Ok(hir) => strings(&hir),
        Err(_) => Vec::new(),
    };
    examples.retain(|example| example.len() <= EXAMPLE_MAX);
    examples
}

/// Parses a pattern in the meaning of ECMA 262; nothing when Rust may see it differently.
pub(super) fn parse(pattern: &str) -> Option<Hir> {
    // Flags, look-around and named groups differ; operators on classes and bounds without a start exist only in Rust.
    if pattern.matches("(?").count() != pattern.matches("(?:").count()
        || ["[]", "[^]", "&&", "--", "~~", "[:", "{,"].iter().any(|differing| pattern.contains(differing))
    {
        return None;
    }
    let mut translated = String::new();
    let mut in_class = false;
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next()? {
                'd' => translated.push_str("[0-9]"),
                'D' => translated.push_str("[^0-9]"),
                'w' => translated.push_str("[0-9A-Za-z_]"),
                'W' => translated.push_str("[^0-9A-Za-z_]"),
                // These are the ends of a word in Rust.
                '<' | '>' => return None,
                escaped if escaped.is_ascii_punctuation() || matches!(escaped, 'n' | 't' | 'r') => {
                    translated.extend(['\\', escaped]);
                }
                _ => return None,
            },
            '[' if in_class => return None,
            '.' if !in_class => translated.push_str(r"[^\n\r\x{2028}\x{2029}]"),
            _ => {
                in_class = (in_class || character == '[') && character != ']';
                translated.push(character);
            }
        }
    }
    regex_syntax::parse(&translated).ok()
}

/// How many code points a match has, at least and at most.
fn code_points(hir: &Hir) -> Option<(u64, Option<u64>)> {
    Some(match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => (0, Some(0)),
        HirKind::Literal(literal) => {
            let count = std::str::from_utf8(&literal.0).ok()?.chars().count() as u64;
            (count, Some(count))
        }
        HirKind::Class(_) => (1, Some(1)),
        HirKind::Capture(capture) => code_points(&capture.sub)?,
        HirKind::Repetition(repetition) => {
            let (low, high) = code_points(&repetition.sub)?;
            let most = match (repetition.max, high) {
                (_, Some(0)) => Some(0),
                (Some(max), Some(high)) => high.checked_mul(u64::from(max)),
                _ => None,
            };
            (low.saturating_mul(u64::from(repetition.min)), most)
        }
        HirKind::Concat(parts) => {
            let mut sum = (0_u64, Some(0_u64));
            for part in parts {
                let (low, high) = code_points(part)?;
                sum.0 = sum.0.saturating_add(low);
                sum.1 = sum.1.zip(high).and_then(|(a, b)| a.checked_add(b));
            }
            sum
        }
        HirKind::Alternation(parts) => {
            let mut range = (u64::MAX, Some(0));
            for part in parts {
                let (low, high) = code_points(part)?;
                range.0 = range.0.min(low);
                range.1 = range.1.zip(high).map(|(a, b): (u64, u64)| a.max(b));
            }
            range
        }
    })
}

fn strings(hir: &Hir) -> Vec<String> {
    let mut made = match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => vec![String::new()],
        HirKind::Literal(literal) => vec![String::from_utf8_lossy(&literal.0).into_owned()],
        HirKind::Class(class) => members(class),
        HirKind::Capture(capture) => strings(&capture.sub),
        HirKind::Repetition(repetition) => {
            let inner = strings(&repetition.sub);
            let most = repetition.max.unwrap_or(u32::MAX);
            let mut made = Vec::new();
            for times in [
                repetition.min,
                repetition.min.saturating_add(1).min(most),
                most.min(repetition.min.saturating_add(3)),
            ] {
                for one in &inner {
                    if one.len().saturating_mul(times as usize) <= EXAMPLE_MAX {
                        made.push(one.repeat(times as usize));
                    }
                }
            }
            made
        }
        HirKind::Concat(parts) => {
            let mut made = vec![String::new()];
            for part in parts {
                let next = strings(part);
                let mut longer = Vec::new();
                for (index, tail) in next.iter().enumerate() {
                    for head in made.iter().take(if index == 0 { usize::MAX } else { 3 }) {
                        longer.push(format!("{head}{tail}"));
                    }
                }
                longer.truncate(EXAMPLES_MAX);
                made = longer;
            }
            made
        }
        HirKind::Alternation(parts) => {
            parts.iter().flat_map(|part| strings(part).into_iter().take(4)).collect()
        }
    };
    let mut seen = std::collections::HashSet::new();
    made.retain(|string| seen.insert(string.clone()));
    made.truncate(EXAMPLES_MAX);
    made
}

/// A few members of a class, plain ones first.
fn members(class: &Class) -> Vec<String> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => {
            class.iter().map(|range| (char::from(range.start()), char::from(range.end()))).collect()
        }
    };
    let contains = |c: char| ranges.iter().any(|(start, end)| (*start..=*end).contains(&c));
    let mut members: Vec<char> =
        ['a', '0', 'A', '1', 'b', '-', ' ', '_'].into_iter().filter(|c| contains(*c)).collect();
    for (start, end) in ranges.iter().take(4) {
        members.extend([*start, *end]);
    }
    members.dedup();
    members.into_iter().take(6).map(String::from).collect()
}
