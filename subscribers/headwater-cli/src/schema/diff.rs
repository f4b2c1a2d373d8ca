use std::io::Write;

use clap::Args;
use headwater_schema::registry::{Delta, deltas};
use serde::Serialize;
use serde_json::Value;

use super::named::{Lazy, Named};
use super::reply::{Reply, write_json};
use super::{Outcome, Project, SchemaError};

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// A registered version (flights.flight.departed@2), one of its revisions (@2.1), or a file
    before: String,

    /// What it is compared with, named in the same way
    after: String,

    /// How the differences are printed
    #[arg(long, value_enum, default_value_t = Reply::Text)]
    format: Reply,
}

/// What differs, in what is written and in what can be read.
#[derive(Serialize)]
struct Differences {
    before: String,
    after: String,
    serialize: Vec<Delta>,
    deserialize: Vec<Delta>,
}

impl Diff {
    pub(super) fn run(&self, project: &Project, out: &mut impl Write) -> Result<Outcome, SchemaError> {
        let mut registry = Lazy { project, registry: None };
        let before = Named::find(&self.before, &mut registry)?;
        let after = Named::find(&self.after, &mut registry)?;
        let differences = Differences {
            serialize: compare(&before.contracts.serialize, &after.contracts.serialize),
            deserialize: compare(&before.contracts.deserialize, &after.contracts.deserialize),
            before: before.name,
            after: after.name,
        };
        match self.format {
            Reply::Json => write_json(&differences, out)?,
            Reply::Text => differences.write(out)?,
        }
        Ok(Outcome::Fine)
    }
}

impl Differences {
    fn write(&self, out: &mut impl Write) -> Result<(), SchemaError> {
        writeln!(out, "{} -> {}", self.before, self.after)?;
        // Two files, or a change of a type without defaults: both are the same.
        if self.serialize == self.deserialize {
            return section(out, "written and read", &self.serialize);
        }
        section(out, "written", &self.serialize)?;
        section(out, "read", &self.deserialize)
    }
}

fn section(out: &mut impl Write, title: &str, differences: &[Delta]) -> Result<(), SchemaError> {
    if differences.is_empty() {
        writeln!(out, "{title}: the same")?;
        return Ok(());
    }
    writeln!(out, "{title}:")?;
    for delta in differences {
        writeln!(out, "  {delta}")?;
    }
    Ok(())
}

/// All differences but those of the names and digests, which every two documents have.
fn compare(before: &Value, after: &Value) -> Vec<Delta> {
    let mut differences = deltas(before, after);
    differences.retain(|delta| !["/$id", "/x-headwater-digest"].contains(&delta.pointer.as_str()));
    differences
}
