use std::collections::BTreeMap;

use headwater_contract::{Contract, EventName};

use super::page::{event_path, service_path};

/// Who publishes what, and who reads it: three columns, with lines between them.
pub(super) struct Graph {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) columns: Vec<Heading>,
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
}

pub(super) struct Heading {
    pub(super) x: usize,
    pub(super) text: &'static str,
}

pub(super) struct Node {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) href: String,
}

/// A line, as the path of an SVG.
pub(super) struct Edge {
    pub(super) path: String,
}

const CHARACTER: usize = 8;
const PADDING: usize = 12;
const BETWEEN: usize = 110;
const TOP: usize = 34;

impl Graph {
    pub(super) const BOX_HEIGHT: usize = 30;
    const ROW: usize = 44;

    /// Lays out what the contracts say. Services stand beside the middle of their events, so that few lines cross.
    pub(super) fn of(contracts: &[Contract], names: &[EventName]) -> Self {
        let rows: BTreeMap<&EventName, usize> = names.iter().zip(0..).collect();
        let publishers = in_order(contracts, |contract| {
            contract
                .publishes
                .iter()
                .filter_map(|publication| rows.get(&publication.event.name).copied())
                .collect()
        });
        let readers = in_order(contracts, |contract| {
            contract.subscribes.iter().filter_map(|read| rows.get(&read.event.name).copied()).collect()
        });
        let tallest = names.len().max(publishers.len()).max(readers.len());
        let mut graph = Self {
            width: 0,
            height: TOP + tallest * Self::ROW,
            columns: Vec::new(),
            nodes: Vec::new(),
            edges: Vec::new(),
        };
        let service = |(name, _): &(&str, Vec<usize>)| ((*name).to_owned(), service_path(name));
        let left = graph.column("Publishers", "service", publishers.iter().map(service).collect(), tallest);
        let event = |name: &EventName| (name.to_string(), event_path(name));
        let middle = graph.column("Events", "event", names.iter().map(event).collect(), tallest);
        let right = graph.column("Readers", "service", readers.iter().map(service).collect(), tallest);
        for (from, (_, events)) in left.iter().zip(&publishers) {
            graph
                .edges
                .extend(events.iter().filter_map(|row| Some(Edge::between(*from, *middle.get(*row)?))));
        }
        for (to, (_, events)) in right.iter().zip(&readers) {
            graph.edges.extend(events.iter().filter_map(|row| Some(Edge::between(*middle.get(*row)?, *to))));
        }
        graph
    }

    /// Adds a column, and returns the places of its nodes.
    fn column(
        &mut self,
        heading: &'static str,
        kind: &'static str,
        nodes: Vec<(String, String)>,
        tallest: usize,
    ) -> Vec<Place> {
        let longest = nodes.iter().map(|(text, _)| text.chars().count()).max().unwrap_or(0);
        let width = longest.max(heading.len()) * CHARACTER + 2 * PADDING;
        let x = if self.width == 0 { 1 } else { self.width + BETWEEN };
        let above = (tallest - nodes.len()) * Self::ROW / 2;
        self.columns.push(Heading { x, text: heading });
        self.width = x + width + 1;
        let mut places = Vec::new();
        for (row, (text, href)) in nodes.into_iter().enumerate() {
            let y = TOP + above + row * Self::ROW;
            places.push(Place { left: x, right: x + width, middle: y + Self::BOX_HEIGHT / 2 });
            self.nodes.push(Node { x, y, width, kind, text, href });
        }
        places
    }
}

#[derive(Clone, Copy)]
struct Place {
    left: usize,
    right: usize,
    middle: usize,
}

impl Edge {
    fn between(from: Place, to: Place) -> Self {
        let bend = (from.right + to.left) / 2;
        let path = format!(
            "M{} {}C{bend} {} {bend} {} {} {}",
            from.right, from.middle, from.middle, to.middle, to.left, to.middle
        );
        Self { path }
    }
}

/// The services that have events at all, by the middle of these.
fn in_order(contracts: &[Contract], events: impl Fn(&Contract) -> Vec<usize>) -> Vec<(&str, Vec<usize>)> {
    let mut services: Vec<_> = contracts
        .iter()
        .map(|contract| {
            let mut rows = events(contract);
            rows.sort_unstable();
            rows.dedup();
            (contract.name(), rows)
        })
        .filter(|(_, rows)| !rows.is_empty())
        .collect();
    let middle = |rows: &[usize]| rows.iter().sum::<usize>() * 1000 / rows.len();
    services.sort_by_key(|(name, rows)| (middle(rows), *name));
    services
}
