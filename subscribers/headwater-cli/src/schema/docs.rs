use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use headwater_schema::catalogue::pages;
use headwater_schema::registry::Staged;

use super::reply::count;
use super::system::System;
use super::{Outcome, Project, SchemaError};

#[derive(Debug, Args)]
pub(crate) struct Docs {
    /// The directory for the pages; pages of the same name are replaced, and nothing is removed
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,

    /// How the system is called, if not as its repository
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
}

impl Docs {
    pub(super) fn run(&self, project: &Project, out: &mut impl Write) -> Result<Outcome, SchemaError> {
        let Some(system) = System::of(project)? else { return Ok(Outcome::Violation) };
        // The pages name no broker.
        let about = system.about(self.title.as_deref(), "");
        let pages = pages(&about, &system.contracts, &system.events)?;
        for page in &pages {
            let path = self.output.join(&page.path);
            Staged::write(&path, page.html.as_bytes())
                .and_then(Staged::replace)
                .map_err(|source| SchemaError::File { path, source })?;
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
