use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use headwater_schema::asyncapi::document;
use headwater_schema::registry::Staged;

use super::reply::write_json;
use super::system::System;
use super::{Outcome, Project, SchemaError};

#[derive(Debug, Args)]
pub(crate) struct Asyncapi {
    /// Write to this file, and not to standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,

    /// How the system is called, if not as its repository
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,

    /// The broker that the document names
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:4222")]
    broker: String,
}

impl Asyncapi {
    pub(super) fn run(&self, project: &Project, out: &mut impl Write) -> Result<Outcome, SchemaError> {
        let Some(system) = System::of(project)? else { return Ok(Outcome::Violation) };
        let about = system.about(self.title.as_deref(), &self.broker);
        let document = document(&about, &system.contracts, &system.events);
        match &self.output {
            None => write_json(&document, out)?,
            Some(path) => {
                let mut text = Vec::new();
                write_json(&document, &mut text)?;
                Staged::write(path, &text)
                    .and_then(Staged::replace)
                    .map_err(|source| SchemaError::File { path: path.clone(), source })?;
            }
        }
        Ok(Outcome::Fine)
    }
}
