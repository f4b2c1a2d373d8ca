//! `headwater new`: services and events that compile, fit the system and pass their tests from the beginning.

mod catalogue;
mod crate_name;
mod draft;
mod event;
mod event_source;
mod events_crate;
mod gate_package;
mod known_event;
mod manifest;
mod new_error;
mod publisher;
mod root_manifest;
mod rust_source;
mod service;
mod site;
mod subscriber;
mod template;
mod words;

use std::io::Write;

use clap::Subcommand;

use crate::schema::{Outcome, Project, SchemaError};

pub(crate) use self::new_error::NewError;

#[derive(Debug, Subcommand)]
pub(crate) enum NewCommand {
    /// A service that builds a projection from events
    Subscriber(subscriber::NewSubscriber),
    /// A service that publishes events of an aggregate
    Publisher(publisher::NewPublisher),
    /// An event, in the events crate of its domain
    Event(event::NewEvent),
}

impl NewCommand {
    /// Writes what was asked for, all of it or nothing.
    pub(crate) fn run(&self, project: &Project, out: &mut impl Write) -> Result<Outcome, SchemaError> {
        match self {
            Self::Subscriber(subscriber) => subscriber.run(project, out),
            Self::Publisher(publisher) => publisher.run(project, out),
            Self::Event(event) => event.run(project, out),
        }
    }
}
