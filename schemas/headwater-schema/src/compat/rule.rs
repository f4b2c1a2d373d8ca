use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

/// The code of a break as a whole, which carries the differences.
pub const BREAKS_MODE: &str = "HW0301";
/// The code of a comparison that wasn't decided.
pub const UNDECIDED: &str = "HW0315";

/// A rule that a reader's schema may break, as it is written in a file of `rules/`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its code; each has a page under `docs/errors/`.
    pub code: String,
    /// Its name.
    pub slug: String,
    /// How bad it is.
    pub severity: Severity,
    /// What a validator fails on when the rule is broken.
    pub keywords: Vec<String>,
    /// What is wrong, with `{writer}`, `{reader}`, `{value}` and `{name}` in the place of what they are.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Pairs that break it.
    pub fails: Vec<Case>,
    /// Pairs that nearly do.
    pub passes: Vec<Case>,
}

/// How bad it is to break a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is built.
    Error,
}

/// A pair of schemas, written as JSON.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The writer's.
    #[serde(deserialize_with = "json")]
    pub writer: Value,
    /// The reader's.
    #[serde(deserialize_with = "json")]
    pub reader: Value,
}

/// All rules, by code.
#[must_use]
pub fn rules() -> &'static [Rule] {
    // A file that can't be read is found by the tests, which count them.
    static RULES: LazyLock<Vec<Rule>> =
        LazyLock::new(|| FILES.iter().filter_map(|(_, text)| toml::from_str(text).ok()).collect());
    &RULES
}

pub(super) fn rule_for(keyword: &str) -> Option<&'static Rule> {
    rules().iter().find(|rule| rule.keywords.iter().any(|of_rule| of_rule == keyword))
}

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        /// Every file of `rules/`.
        const FILES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../rules/", $name, ".toml")))),+];
    };
}

files![
    "type-changed",
    "field-required",
    "value-removed",
    "constant-changed",
    "number-narrowed",
    "string-narrowed",
    "format-changed",
    "array-narrowed",
    "field-refused",
    "map-narrowed",
    "no-variant-matches",
    "variants-overlap",
    "value-excluded",
    "not-decided",
];

fn json<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    let text = String::deserialize(deserializer)?;
    serde_json::from_str(&text).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::super::{Contracts, Mode, Verdict, compare};
    use super::*;

    #[test]
    fn every_file_is_listed_and_can_be_read() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
        let files: BTreeSet<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(files, FILES.iter().map(|(name, _)| format!("{name}.toml")).collect());
        for (name, text) in FILES {
            let rule: Rule = toml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(rule.slug, *name);
        }
    }

    #[test]
    fn every_code_is_used_once_and_has_a_page() {
        let codes: BTreeSet<_> = rules().iter().map(|rule| rule.code.as_str()).chain([BREAKS_MODE]).collect();
        assert_eq!(codes.len(), rules().len() + 1);
        let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors");
        for code in &codes {
            let page = fs::read_to_string(pages.join(format!("{code}.md")))
                .unwrap_or_else(|error| panic!("{code}: {error}"));
            for part in ["Meaning", "Example", "Fix"] {
                assert!(page.contains(&format!("## {part}")), "{code}.md says nothing of the {part}");
            }
        }
    }

    #[test]
    fn every_keyword_belongs_to_one_rule() {
        let keywords: Vec<_> = rules().iter().flat_map(|rule| &rule.keywords).collect();
        assert_eq!(keywords.len(), keywords.iter().collect::<BTreeSet<_>>().len());
    }

    #[test]
    fn every_rule_is_broken_by_what_it_says_breaks_it_and_by_nothing_else() {
        for rule in rules() {
            assert!(!rule.fails.is_empty() && !rule.passes.is_empty(), "{} lacks a case", rule.slug);
            for (number, case) in rule.fails.iter().enumerate() {
                let report = judge(case);
                if rule.code == UNDECIDED {
                    assert_eq!(
                        report.verdict(),
                        Verdict::Unknown,
                        "{} fails[{number}]: {report:?}",
                        rule.slug
                    );
                } else {
                    assert_eq!(
                        report.verdict(),
                        Verdict::Incompatible,
                        "{} fails[{number}]: {report:?}",
                        rule.slug
                    );
                    let codes: Vec<_> = report.breaks[0].differences.iter().map(|each| &each.code).collect();
                    assert!(codes.contains(&&rule.code), "{} fails[{number}]: {report:?}", rule.slug);
                }
            }
            for (number, case) in rule.passes.iter().enumerate() {
                let report = judge(case);
                assert_eq!(
                    report.verdict(),
                    Verdict::Compatible,
                    "{} passes[{number}]: {report:?}",
                    rule.slug
                );
            }
        }
    }

    fn judge(case: &Case) -> super::super::Report {
        let registered = Contracts::same(case.writer.clone());
        compare(Mode::Backward, &[registered], &Contracts::same(case.reader.clone()))
    }
}
