use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use headwater_log::service::{Connection, Contracts, Unreadable};
use headwater_schema::deploy::{AnnouncedSchema, Announcement, AnnouncementError, check, unmet};
use headwater_schema::{Contract, Finding};
use serde_json::value::RawValue;

use super::named::meant;
use super::reply::{Reply, count, write_findings, write_json};
use super::system::System;
use super::{Outcome, Project, SchemaError};
use crate::table::{Align, Table};

#[derive(Debug, Args)]
pub(crate) struct CanDeploy {
    /// The services to be deployed, as they are in this workspace; all of it unless some are named
    #[arg(value_name = "SERVICE", conflicts_with = "list")]
    services: Vec<String>,

    /// Compare with what `--list --format json` has printed into this file, and ask no server
    #[arg(long, value_name = "FILE")]
    against_file: Option<PathBuf>,

    /// Show what is running, and compare nothing
    #[arg(long)]
    list: bool,

    /// How findings and lists are printed
    #[arg(long, value_enum, default_value_t = Reply::Text)]
    format: Reply,
}

impl CanDeploy {
    pub(super) fn run(
        &self,
        project: &Project,
        connection: &Connection,
        out: &mut impl Write,
    ) -> Result<Outcome, SchemaError> {
        // What is running is asked first: it takes a moment, and a build takes longer.
        let (running, unreadable) = match &self.against_file {
            Some(path) => (from_file(path)?, Vec::new()),
            None => from_server(connection)?,
        };
        for Unreadable { key, reason } in &unreadable {
            writeln!(std::io::stderr(), "warning: what {key} has announced can't be read: {reason}")?;
        }
        if self.list {
            list(&running, self.format, out)?;
            return Ok(if unreadable.is_empty() { Outcome::Fine } else { Outcome::CouldNotRun });
        }
        let Some(system) = System::of(project)? else { return Ok(Outcome::Violation) };
        let candidates: Vec<_> =
            self.contracts(&system)?.into_iter().map(|contract| announcement(contract, &system)).collect();
        let mut findings = Vec::new();
        for candidate in &candidates {
            findings.extend(check(candidate, &running));
            findings.extend(unmet(candidate, &candidates, &running));
        }
        findings.sort_by(Finding::reading_order);
        write_findings(&findings, self.format, out)?;
        let errors = findings.iter().filter(|finding| finding.is_error()).count();
        let outcome = match (errors, unreadable.len()) {
            (0, 0) => Outcome::Fine,
            // What nobody could compare isn't said to fit.
            (0, _) => Outcome::CouldNotRun,
            _ => Outcome::Violation,
        };
        if self.format == Reply::Text {
            let verdict = match outcome {
                Outcome::Fine => "can deploy".to_owned(),
                Outcome::CouldNotRun => {
                    format!("can't tell, because of {}", count(unreadable.len(), "unreadable announcement"))
                }
                _ => format!("can't deploy, because of {}", count(errors, "error")),
            };
            let [services, instances] = [(candidates.len(), "service"), (running.len(), "running instance")]
                .map(|(number, one)| count(number, one));
            writeln!(out, "{verdict}: compared {services} with {instances}")?;
        }
        Ok(outcome)
    }

    fn contracts<'s>(&self, system: &'s System) -> Result<Vec<&'s Contract>, SchemaError> {
        if self.services.is_empty() {
            return Ok(system.contracts.iter().collect());
        }
        let find = |name: &String| {
            system.contracts.iter().find(|contract| contract.name() == name).ok_or_else(|| {
                let known: Vec<_> =
                    system.contracts.iter().map(|contract| contract.name().to_owned()).collect();
                SchemaError::Unknown(format!(
                    "no service of this workspace is called {name}{}",
                    meant(name, &known)
                ))
            })
        };
        self.services.iter().map(find).collect()
    }
}

/// What a service would announce if it was built now.
fn announcement(contract: &Contract, system: &System) -> Announcement {
    let schemas = system.events.iter().cloned().map(AnnouncedSchema::from);
    Announcement::of(contract, system.version(contract.name()), "candidate", schemas)
}

fn from_file(path: &Path) -> Result<Vec<Announcement>, SchemaError> {
    let text = fs::read(path).map_err(|source| SchemaError::File { path: path.to_owned(), source })?;
    let read = || -> Result<Vec<_>, AnnouncementError> {
        let entries: Vec<Box<RawValue>> = serde_json::from_slice(&text)?;
        entries.iter().map(|entry| Announcement::from_json(entry.get().as_bytes())).collect()
    };
    read().map_err(|source| SchemaError::Announcement { path: path.to_owned(), source })
}

fn from_server(connection: &Connection) -> Result<(Vec<Announcement>, Vec<Unreadable>), SchemaError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let running = runtime.block_on(async {
        let (client, denials) = connection.connect_watched("headwater").await?;
        Ok::<_, SchemaError>(Contracts::new(client, denials).running().await?)
    })?;
    Ok((running.services.into_iter().map(|service| service.announcement).collect(), running.unreadable))
}

fn list(running: &[Announcement], format: Reply, out: &mut impl Write) -> Result<(), SchemaError> {
    if format == Reply::Json {
        return Ok(write_json(&running, out)?);
    }
    let columns = [
        ("SERVICE", Align::Left),
        ("VERSION", Align::Left),
        ("PUBLISHES", Align::Right),
        ("READS", Align::Right),
        ("SINCE", Align::Left),
        ("INSTANCE", Align::Left),
    ];
    let mut table = Table::new(out, columns);
    for service in running {
        table.row([
            service.service.clone(),
            service.version.clone(),
            service.publishes.len().to_string(),
            service.subscribes.len().to_string(),
            format!("{:.0}", service.started_at),
            service.instance.clone(),
        ])?;
    }
    Ok(table.finish()?)
}
