use std::io::{self, Write};
use std::path::Path;

use headwater_schema::{Contract, Finding, graph};

use super::draft::Draft;
use super::site::Site;
use crate::schema::{Outcome, Reply, write_findings};

/// What the system's check would find anew if this contract were part of it.
pub(super) fn new_findings(site: &Site, path: &Path, contract: &str) -> Vec<Finding> {
    let contract = match Contract::parse(path, contract) {
        Ok(contract) => contract,
        Err(findings) => return findings,
    };
    let before = graph::check(&site.checked.system);
    let mut system = site.checked.system.clone();
    system.contracts.push(contract);
    let mut after = graph::check(&system);
    after.retain(|finding| !before.contains(finding));
    after
}

/// The files of a draft, and what to do next.
pub(super) fn write_report(
    draft: &Draft,
    notes: &[String],
    next: &[String],
    out: &mut impl Write,
) -> io::Result<()> {
    for (path, is_new) in draft.paths() {
        writeln!(out, "{} {}", if is_new { "created" } else { "changed" }, path.display())?;
    }
    for note in notes {
        writeln!(out, "\n{note}")?;
    }
    writeln!(out, "\nnext:")?;
    next.iter().try_for_each(|command| writeln!(out, "  {command}"))
}

/// Why the system would be wrong with what was asked for.
pub(super) fn write_refusal(findings: &[Finding], out: &mut impl Write) -> io::Result<Outcome> {
    write_findings(findings, Reply::Text, out)?;
    writeln!(out, "nothing was written: the build would fail with this")?;
    Ok(Outcome::Violation)
}
