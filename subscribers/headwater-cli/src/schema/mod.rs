//! `headwater schema`: types against registered schemas, and contracts against each other. All of it works on files;
//! a broker is asked only for what is running.

mod accept;
mod against;
mod asyncapi;
mod can_deploy;
mod cargo;
mod check;
mod compat;
mod diff;
mod docs;
mod export;
mod git;
mod graph;
mod help;
mod named;
mod outcome;
mod project;
mod reply;
mod schema_error;
mod subprocess;
mod system;

use std::io::Write;

use clap::Subcommand;
use headwater_log::service::Connection;

pub(crate) use self::help::{usage, without_broker};
pub(crate) use self::outcome::Outcome;
pub(crate) use self::project::Project;
pub(crate) use self::reply::{Reply, write_findings};
pub(crate) use self::schema_error::SchemaError;

#[derive(Debug, Subcommand)]
pub(crate) enum SchemaCommand {
    /// Check types against their registered schemas, and contracts against each other
    Check(check::Check),
    /// Register what the types say now
    Accept(accept::Accept),
    /// Show where two schemas differ
    Diff(diff::Diff),
    /// Say whether a JSON Schema is compatible with an older one
    Compat(compat::CompatArgs),
    /// Show who publishes what for whom
    Graph(graph::Graph),
    /// Write contracts and registered schemas as a bundle, for the gates of other repositories
    Export(export::Export),
    /// Check whether services of this workspace fit the services that are running
    CanDeploy(can_deploy::CanDeploy),
    /// Write the whole system as an AsyncAPI 3.0 document
    Asyncapi(asyncapi::Asyncapi),
    /// Write a catalogue of all events and services as HTML pages
    Docs(docs::Docs),
}

impl SchemaCommand {
    /// Does what was asked for.
    pub(crate) fn run(
        &self,
        project: &Project,
        connection: &Connection,
        out: &mut impl Write,
    ) -> Result<Outcome, SchemaError> {
        match self {
            Self::Check(check) => check.run(project, out),
            Self::Accept(accept) => accept.run(project, out),
            Self::Diff(diff) => diff.run(project, out),
            Self::Compat(compat) => Ok(compat.run(out)?.into()),
            Self::Graph(graph) => graph.run(project, out),
            Self::Export(export) => export.run(project, out),
            Self::CanDeploy(can_deploy) => can_deploy.run(project, connection, out),
            Self::Asyncapi(asyncapi) => asyncapi.run(project, out),
            Self::Docs(docs) => docs.run(project, out),
        }
    }
}
