use std::fmt::Write as _;

use crate::graph::network::{EdgeKind, Graph};

impl Graph {
    /// The graph for Graphviz.
    pub fn dot(&self) -> String {
        // Writing to a `String` can't fail.
        let mut dot = "digraph headwater {\n  rankdir=LR;\n".to_owned();
        for service in &self.services {
            let id = escaped(&service.id);
            let _ = writeln!(dot, "  \"service:{id}\" [label=\"{id}\", shape=box];");
        }
        for event in &self.events {
            let name = escaped(&event.name.to_string());
            let _ = writeln!(dot, "  \"event:{name}\" [label=\"{name}\", shape=ellipse];");
        }
        for edge in &self.edges {
            let service = format!("\"service:{}\"", escaped(&edge.service));
            let event = format!("\"event:{}\"", escaped(&edge.event.name.to_string()));
            let (from, to) = match edge.kind {
                EdgeKind::Publishes => (service, event),
                EdgeKind::Subscribes => (event, service),
            };
            let _ = writeln!(dot, "  {from} -> {to} [label=\"@{}\"];", edge.event.version);
        }
        dot.push_str("}\n");
        dot
    }
}

/// In a quoted text of DOT a quote ends it, and a backslash starts an escape.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for char in text.chars() {
        match char {
            '"' | '\\' => escaped.extend(['\\', char]),
            char if char.is_control() => escaped.push(' '),
            char => escaped.push(char),
        }
    }
    escaped
}
