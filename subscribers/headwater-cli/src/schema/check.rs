use std::io::Write;

use clap::Args;
use headwater_schema::{Finding, Severity};

use super::against::rewritten_since;
use super::reply::{Reply, count, write_findings};
use super::{Outcome, Project, SchemaError};

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Also find registered schemas that were changed, renamed or removed since this branch left the commit
    #[arg(long, value_name = "GIT_REF")]
    against: Option<String>,

    /// How findings are printed
    #[arg(long, value_enum, default_value_t = Reply::Text)]
    format: Reply,
}

impl Check {
    pub(super) fn run(&self, project: &Project, out: &mut impl Write) -> Result<Outcome, SchemaError> {
        let told = project.ask()?;
        let checked = told.check()?;
        let mut findings = checked.findings;
        if let Some(reference) = &self.against {
            findings.extend(rewritten_since(reference, &told.setup)?);
        }
        findings.sort_by(Finding::reading_order);
        write_findings(&findings, self.format, out)?;
        if self.format == Reply::Text {
            let events = count(told.snapshot.events.len(), "version");
            let contracts = count(checked.system.contracts.len(), "contract");
            writeln!(out, "checked {events} of events and {contracts}: {}", summary(&findings))?;
        }
        let is_violation = findings.iter().any(Finding::is_error);
        Ok(if is_violation { Outcome::Violation } else { Outcome::Fine })
    }
}

fn summary(findings: &[Finding]) -> String {
    let number = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    match (number(Severity::Error), number(Severity::Warning)) {
        (0, 0) => "nothing is wrong".to_owned(),
        (0, warnings) => count(warnings, "warning"),
        (errors, 0) => count(errors, "error"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}
