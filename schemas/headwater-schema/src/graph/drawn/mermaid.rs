use std::collections::BTreeMap;
use std::fmt::Write as _;

use headwater_contract::EventName;

use crate::graph::network::{EdgeKind, Graph};

impl Graph {
    /// The graph as a Mermaid flow chart, with the events of each domain together.
    pub fn mermaid(&self) -> String {
        let mut domains: BTreeMap<&str, Vec<(usize, &EventName)>> = BTreeMap::new();
        for (number, event) in self.events.iter().enumerate() {
            domains.entry(event.name.domain()).or_default().push((number, &event.name));
        }
        // Writing to a `String` can't fail.
        let mut chart = "flowchart LR\n".to_owned();
        for (number, service) in self.services.iter().enumerate() {
            let _ = writeln!(chart, "  s{number}[\"{}\"]", escaped(&service.id));
        }
        for (number, (domain, events)) in domains.iter().enumerate() {
            let _ = writeln!(chart, "  subgraph d{number}[\"{}\"]", escaped(domain));
            for (number, event) in events {
                let _ = writeln!(chart, "    e{number}([\"{}\"])", escaped(&event.to_string()));
            }
            chart.push_str("  end\n");
        }
        let services: BTreeMap<&str, usize> =
            self.services.iter().enumerate().map(|(number, service)| (service.id.as_str(), number)).collect();
        let events: BTreeMap<&EventName, usize> =
            self.events.iter().enumerate().map(|(number, event)| (&event.name, number)).collect();
        for edge in &self.edges {
            let (Some(service), Some(event)) =
                (services.get(edge.service.as_str()), events.get(&edge.event.name))
            else {
                continue;
            };
            let version = edge.event.version;
            let _ = match edge.kind {
                EdgeKind::Publishes => writeln!(chart, "  s{service} -->|\"@{version}\"| e{event}"),
                EdgeKind::Subscribes => writeln!(chart, "  e{event} -->|\"@{version}\"| s{service}"),
            };
        }
        chart
    }
}

/// Mermaid writes characters as `#code;`; these would end the text, start markup, or start such a code.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for char in text.chars() {
        match char {
            '"' | '#' | '<' | '>' | '&' | '`' | '\\' | ';' => {
                let _ = write!(escaped, "#{};", u32::from(char));
            }
            char if char.is_control() => escaped.push(' '),
            char => escaped.push(char),
        }
    }
    escaped
}
