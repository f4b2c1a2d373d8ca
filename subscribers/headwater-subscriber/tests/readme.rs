//! The README's service: its code fits its contract, and its own test passes.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::fs;
use std::path::Path;

const README: &str = include_str!("../../../README.md");

/// What is fenced as `language` and begins with `begin`.
fn block(language: &str, begin: &str) -> &'static str {
    let fence = format!("```{language}\n{begin}");
    let (_, rest) = README.split_once(&fence).unwrap();
    let end = rest.find("\n```").unwrap();
    let start = README.len() - rest.len() - begin.len();
    &README[start..=start + begin.len() + end]
}

#[test]
fn the_service_fits_its_contract_and_passes_its_test() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("contract.toml"), block("toml", "[service]")).unwrap();
    // The service itself would look for a broker; its test is what can run.
    let (service, test) = block("rust", "use headwater_event").split_once("#[test]\n").unwrap();
    let name = test.strip_prefix("fn ").unwrap().split_once('(').unwrap().0;
    let service = service.replace("fn main()", "#[allow(dead_code)]\nfn service()");
    let program = directory.join("late_flights.rs");
    fs::write(&program, format!("{service}{test}\nfn main() {{\n    {name}();\n}}\n")).unwrap();
    trybuild::TestCases::new().pass(program);
}
