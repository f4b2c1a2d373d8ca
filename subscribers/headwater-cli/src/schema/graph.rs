use std::io::Write;

use clap::{Args, ValueEnum};
use headwater_schema::graph;

use super::reply::write_json;
use super::{Outcome, Project, SchemaError};

#[derive(Debug, Args)]
pub(crate) struct Graph {
    /// How the graph is printed
    #[arg(long, value_enum, default_value_t = Picture::Text)]
    format: Picture,
}

/// How a graph is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Picture {
    /// For people
    Text,
    /// For Markdown pages
    Mermaid,
    /// For Graphviz
    Dot,
    /// For programs
    Json,
}

impl Graph {
    pub(super) fn run(&self, project: &Project, out: &mut impl Write) -> Result<Outcome, SchemaError> {
        let graph = graph::Graph::of(&project.ask()?.check()?.system);
        match self.format {
            Picture::Json => write_json(&graph, out)?,
            Picture::Text => out.write_all(graph.text().as_bytes())?,
            Picture::Mermaid => out.write_all(graph.mermaid().as_bytes())?,
            Picture::Dot => out.write_all(graph.dot().as_bytes())?,
        }
        Ok(Outcome::Fine)
    }
}
