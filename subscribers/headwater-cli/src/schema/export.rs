use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use headwater_schema::registry::Staged;
use headwater_schema::{Bundle, Finding, render};

use super::{Outcome, Project, SchemaError};

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Write to this file, and not to standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Export {
    pub(super) fn run(&self, project: &Project, out: &mut impl Write) -> Result<Outcome, SchemaError> {
        let told = project.ask()?;
        let checked = told.check()?;
        let errors: Vec<Finding> =
            checked.findings.iter().filter(|finding| finding.is_error()).cloned().collect();
        // Others would get what doesn't fit here.
        let (true, Some(registry)) = (errors.is_empty(), &checked.registry) else {
            write!(std::io::stderr(), "{}", render::terminal(&errors, false))?;
            return Ok(Outcome::Violation);
        };
        let json = |source| SchemaError::Json { what: "the bundle".to_owned(), source };
        let bundle =
            Bundle::new(told.setup.repository.clone(), checked.contracts(), registry, &told.snapshot);
        let text = bundle.and_then(|bundle| bundle.to_json()).map_err(json)?;
        match &self.output {
            None => out.write_all(text.as_bytes())?,
            Some(path) => Staged::write(path, text.as_bytes())
                .and_then(Staged::replace)
                .map_err(|source| SchemaError::File { path: path.clone(), source })?,
        }
        Ok(Outcome::Fine)
    }
}
