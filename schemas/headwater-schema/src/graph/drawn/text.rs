use std::collections::BTreeMap;
use std::fmt::Write as _;

use headwater_contract::EventName;

use crate::graph::network::{Edge, EdgeKind, Graph};

impl Graph {
    /// The graph to read in a terminal: each event with those who publish and read it.
    pub fn text(&self) -> String {
        let mut edges: BTreeMap<&EventName, Vec<&Edge>> = BTreeMap::new();
        for edge in &self.edges {
            edges.entry(&edge.event.name).or_default().push(edge);
        }
        let mut text = String::new();
        for event in &self.events {
            let edges = edges.get(&event.name).map(Vec::as_slice).unwrap_or_default();
            let line = |kind| services(edges, kind).unwrap_or_else(|| "nobody".to_owned());
            let published = line(EdgeKind::Publishes);
            let read = match event.unseen.as_slice() {
                [] => line(EdgeKind::Subscribes),
                unseen => services(edges, EdgeKind::Subscribes)
                    .into_iter()
                    .chain(unseen.iter().map(|reader| printable(reader)))
                    .collect::<Vec<_>>()
                    .join(", "),
            };
            // Writing to a `String` can't fail.
            let _ = writeln!(text, "{}\n  published by {published}\n  read by {read}", event.name);
        }
        text
    }
}

fn services(edges: &[&Edge], kind: EdgeKind) -> Option<String> {
    let services: Vec<String> = edges
        .iter()
        .filter(|edge| edge.kind == kind)
        .map(|edge| format!("{} @{}", printable(&edge.service), edge.event.version))
        .collect();
    (!services.is_empty()).then(|| services.join(", "))
}

/// What a contract says is free text, and a terminal obeys some of it.
fn printable(name: &str) -> String {
    name.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}
