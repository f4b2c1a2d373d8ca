//! Runs the inclusion engine over pairs of schemas whose truth is known.
//!
//! ```text
//! containment [--instances FILE] [--answers FILE] [--show N] [PAIRS...]
//! ```
//!
//! Each line of the pairs (of standard input, if no file is named) is an object with `narrow`, `wide`, and `expected`:
//! `true`, `false`, or `null` if the truth isn't known. Whatever is said to be included is held against the instances, too.
//! The exit code is 1 if an answer is unsound.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use headwater_schema::compat::subset::{Decision, Formats, decide};
use jsonschema::Validator;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Deserialize)]
struct Pair {
    narrow: Value,
    wide: Value,
    expected: Option<bool>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    formats: String,
}

#[derive(Serialize)]
struct Answer<'a> {
    name: &'a str,
    narrow: &'a Value,
    wide: &'a Value,
    formats: &'a str,
    expected: Option<bool>,
    answer: &'static str,
    class: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Default)]
struct Counts {
    classes: BTreeMap<&'static str, usize>,
    reasons: BTreeMap<String, usize>,
    slowest: Option<(Duration, String)>,
    taken: Duration,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut files = Vec::new();
    let mut instances: Vec<Value> = Vec::new();
    let mut answers: Option<File> = None;
    let mut show = 10;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--instances" => {
                for line in fs::read_to_string(value()?)?.lines() {
                    instances.extend(serde_json::from_str::<Value>(line));
                }
            }
            "--answers" => answers = Some(File::create(value()?)?),
            "--show" => show = value()?.parse()?,
            _ => files.push(argument),
        }
    }

    let input: Box<dyn Read> = if files.is_empty() {
        Box::new(io::stdin())
    } else {
        let mut all: Box<dyn Read> = Box::new(io::empty());
        for file in &files {
            all = Box::new(all.chain(File::open(file)?));
        }
        all
    };

    let mut out = io::stdout().lock();
    let mut counts = Counts::default();
    for (number, line) in BufReader::new(input).lines().enumerate() {
        let pair: Pair = match serde_json::from_str(&line?) {
            Ok(pair) => pair,
            // A number that serde_json can't hold never gets as far as the engine.
            Err(error) => {
                writeln!(out, "line {}: {error}", number + 1)?;
                *counts.classes.entry("unread").or_default() += 1;
                continue;
            }
        };
        let answer = counts.judge(&pair, &instances);
        if matches!(answer.class, "UNSOUND" | "wrong" | "panic")
            && counts.classes.get(answer.class).is_none_or(|n| *n <= show)
        {
            writeln!(
                out,
                "{} {}\n  narrow {}\n  wide   {}",
                answer.class, pair.name, pair.narrow, pair.wide
            )?;
            writeln!(out, "  expected {:?}, got {} {:?}", pair.expected, answer.answer, answer.witness)?;
        }
        if let Some(file) = &mut answers {
            serde_json::to_writer(&mut *file, &answer)?;
            file.write_all(b"\n")?;
        }
    }

    for (class, count) in &counts.classes {
        writeln!(out, "{count:7} {class}")?;
    }
    let mut reasons: Vec<_> = counts.reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (reason, count) in reasons.iter().take(25) {
        writeln!(out, "{count:7}   unknown: {reason}")?;
    }
    if let Some((duration, name)) = &counts.slowest {
        writeln!(out, "in {:?}; slowest {duration:?}: {name}", counts.taken)?;
    }
    let sound = ["UNSOUND", "panic"].iter().all(|class| !counts.classes.contains_key(class));
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Counts {
    fn judge<'a>(&mut self, pair: &'a Pair, instances: &[Value]) -> Answer<'a> {
        let formats = if pair.formats == "checked" { Formats::Checked } else { Formats::Either };
        let began = Instant::now();
        let decision = catch_unwind(AssertUnwindSafe(|| decide(&pair.narrow, &pair.wide, formats)));
        let taken = began.elapsed();
        self.taken += taken;
        if self.slowest.as_ref().is_none_or(|(slowest, _)| *slowest < taken) {
            self.slowest = Some((taken, pair.name.clone()));
        }

        let mut answer = Answer {
            name: &pair.name,
            narrow: &pair.narrow,
            wide: &pair.wide,
            formats: &pair.formats,
            expected: pair.expected,
            answer: "panic",
            class: "panic",
            witness: None,
            reason: None,
        };
        match decision {
            Err(_) => {}
            Ok(Decision::Subset) => {
                answer.answer = "subset";
                answer.witness = counterexample(pair, instances, formats);
                answer.class = match (pair.expected, &answer.witness) {
                    (Some(false), _) | (None, Some(_)) => "UNSOUND",
                    (Some(true), Some(_)) => "validators differ",
                    (Some(true), None) => "right",
                    (None, None) => "subset, not contradicted",
                };
            }
            Ok(Decision::NotSubset { witness }) => {
                answer.answer = "not subset";
                answer.class = match (pair.expected, confirms(pair, &witness, formats)) {
                    (Some(true), _) => "wrong",
                    (Some(false), Some(false)) => "wrong",
                    (Some(false), _) => "right",
                    (None, Some(true)) => "right",
                    (None, _) => "wrong",
                };
                answer.witness = Some(witness);
            }
            Ok(Decision::Unknown { reason }) => {
                answer.answer = "unknown";
                answer.class = match pair.expected {
                    Some(true) => "unknown (true)",
                    Some(false) => "unknown (false)",
                    None => "unknown (truth unknown)",
                };
                *self.reasons.entry(kind_of(&reason)).or_default() += 1;
                answer.reason = Some(reason);
            }
        }
        *self.classes.entry(answer.class).or_default() += 1;
        answer
    }
}

/// The reason without what is particular to one pair.
fn kind_of(reason: &str) -> String {
    reason.split(['/', '"', '#']).next().unwrap_or(reason).chars().take(90).collect()
}

fn validator(schema: &Value, formats: Formats) -> Option<Validator> {
    jsonschema::options().should_validate_formats(formats == Formats::Checked).build(schema).ok()
}

/// Whether the witness is what it is said to be; `None` if a schema can't be compiled.
fn confirms(pair: &Pair, witness: &Value, formats: Formats) -> Option<bool> {
    let (narrow, wide) = (validator(&pair.narrow, formats)?, validator(&pair.wide, formats)?);
    Some(narrow.is_valid(witness) && !wide.is_valid(witness))
}

fn counterexample(pair: &Pair, instances: &[Value], formats: Formats) -> Option<Value> {
    let (narrow, wide) = (validator(&pair.narrow, formats)?, validator(&pair.wide, formats)?);
    instances.iter().find(|instance| narrow.is_valid(instance) && !wide.is_valid(instance)).cloned()
}
