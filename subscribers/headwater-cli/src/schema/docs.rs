use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use headwater_schema::catalogue::{pages, write};

use super::reply::count;
use super::system::System;
use super::{Outcome, Project, SchemaError};

#[derive(Debug, Args)]
pub(crate) struct Docs {
    /// The directory for the pages; those that were written there before are replaced or removed, and nothing else is
    #[arg(long, short, alias = "out", value_name = "DIR")]
    output: PathBuf,

    /// How the system is called, if not as its repository
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
}

impl Docs {
    pub(super) fn run(&self, project: &Project, out: &mut impl Write) -> Result<Outcome, SchemaError> {
        if self.output.is_file() {
            let output = self.output.display();
            return Err(SchemaError::Unknown(format!("{output} is a file; name a directory for the pages")));
        }
        let Some(system) = System::of(project)? else { return Ok(Outcome::Violation) };
        // The pages name no broker.
        let about = system.about(self.title.as_deref(), "");
        let pages = pages(&about, &system.contracts, &system.events)?;
        let outdated = write(&self.output, &pages)?;
        for page in &outdated.removed {
            writeln!(out, "removed {}, which the system has no longer", page.display())?;
        }
        for page in &outdated.left {
            let page = page.display();
            writeln!(
                std::io::stderr(),
                "warning: {page} is out of date; it was changed by hand, and so it was left"
            )?;
        }
        writeln!(
            out,
            "wrote {}; begin with {}",
            count(pages.len(), "page"),
            self.output.join("index.html").display()
        )?;
        Ok(Outcome::Fine)
    }
}
