use std::env;
use std::io::{self, IsTerminal as _, Write};

use clap::ValueEnum;
use headwater_schema::{Finding, render};
use serde::Serialize;

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reply {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Findings as they look in a terminal, or as a JSON array.
pub(crate) fn write_findings(findings: &[Finding], reply: Reply, out: &mut impl Write) -> io::Result<()> {
    match reply {
        Reply::Text => {
            let colour = io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none();
            out.write_all(render::terminal(findings, colour).as_bytes())
        }
        Reply::Json => write_json(&render::json(findings), out),
    }
}

/// A value as JSON for people and programs.
pub(crate) fn write_json(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")
}

/// `1 error`, `2 errors`.
pub(crate) fn count(number: usize, one: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {one}{ending}")
}
