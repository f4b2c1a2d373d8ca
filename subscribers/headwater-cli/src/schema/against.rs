use headwater_schema::{Code, Finding, Place};
use headwater_schema_gate::Setup;

use super::SchemaError;
use super::git::{changes, fork_point};

/// Registered schemas that are not what they were at a commit. A build can't see that: a file whose digest
/// was made anew is whole, and a file that is gone can't be missed.
pub(super) fn rewritten_since(reference: &str, setup: &Setup) -> Result<Vec<Finding>, SchemaError> {
    let commit = fork_point(&setup.root, reference)?;
    let mut findings = Vec::new();
    for (status, path, new_path) in changes(&setup.root, &commit, &setup.registry)? {
        if !path.ends_with(".json") {
            continue;
        }
        let what = match (status, new_path) {
            // What is added is what the registry is for.
            ('A' | 'C', _) => continue,
            ('D', _) => "was removed".to_owned(),
            (_, Some(new_path)) => format!("was renamed to {new_path}"),
            _ => "was changed".to_owned(),
        };
        let short: String = commit.chars().take(12).collect();
        findings.push(
            Finding::new(Code::HW0003, format!("a registered schema {what} since {reference}"))
                .at(Place::file(&path))
                .note("events that were written with it are still in the streams")
                .help(format!(
                    "restore it with `git checkout {short} -- {path}`, and change the Rust type instead"
                )),
        );
    }
    Ok(findings)
}
