//! The tree is the architecture: which crate may know which, and where everything lies.
//!
//! A rule that is in the way is changed here, in the same commit and in sight of its reviewers.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// Every crate of the workspace, and all crates of the workspace that it may depend on, for whatever
/// purpose. The rows are in the order of the dependencies: a crate knows only crates above it.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    // What services agree on, and whether it fits together.
    ("headwater-contract", &[]),
    ("headwater-schema", &["headwater-contract"]),
    // The events between publishers and subscribers.
    ("headwater-event-derive", &["headwater-contract"]),
    ("headwater-event", &["headwater-event-derive"]),
    ("flight-events", &["headwater-event"]),
    ("weather-events", &["headwater-event"]),
    // The build gate: a build script's part, and the one of this repository, which every service depends on.
    ("headwater-schema-gate", &["headwater-contract", "headwater-schema", "headwater-event"]),
    ("reference", &["headwater-schema-gate", "flight-events", "weather-events"]),
    // The log, and the runtimes, which know nothing of each other.
    ("headwater-log", &["headwater-contract", "headwater-schema", "headwater-event"]),
    ("headwater-publisher", &["headwater-event", "headwater-log"]),
    ("headwater-outbox", &["headwater-event", "headwater-log"]),
    // The door for services in other languages: it knows their contracts, and none of their types.
    (
        "headwater-edge",
        &["headwater-contract", "headwater-schema", "headwater-event", "flight-events", "headwater-log"],
    ),
    (
        "headwater-subscriber",
        &["headwater-schema", "headwater-event-derive", "headwater-event", "headwater-log"],
    ),
    // The operators' and the teams' tool.
    (
        "headwater-cli",
        &[
            "headwater-schema",
            "headwater-schema-gate",
            "headwater-event",
            "headwater-log",
            "headwater-subscriber",
        ],
    ),
    // The services, which meet only in the events.
    (
        "flight-ops",
        &["reference", "headwater-event", "flight-events", "headwater-log", "headwater-publisher"],
    ),
    (
        "weather-station",
        &["reference", "headwater-event", "weather-events", "headwater-log", "headwater-publisher"],
    ),
    (
        "departure-board",
        &["reference", "headwater-event", "flight-events", "headwater-log", "headwater-subscriber"],
    ),
    (
        "delay-stats",
        &["reference", "headwater-event", "flight-events", "headwater-log", "headwater-subscriber"],
    ),
    (
        "delay-alerts",
        &["reference", "headwater-event", "flight-events", "headwater-log", "headwater-subscriber"],
    ),
    // The composition of all services in one process.
    (
        "all-in-one",
        &[
            "headwater-event",
            "flight-events",
            "weather-events",
            "headwater-log",
            "headwater-publisher",
            "headwater-subscriber",
            "flight-ops",
            "weather-station",
            "departure-board",
            "delay-stats",
        ],
    ),
];

/// Crates that only these may name, not even in tests. The broker's client is behind the log's trait, the database's belongs to
/// the services that keep their state there, and HTTP to what is asked over it: the edge, projections, and a reactor that tells others.
const ONLY_NAMED_BY: &[(&str, &[&str])] = &[
    ("async-nats", &["headwater-log"]),
    ("tokio-postgres", &["headwater-outbox", "headwater-subscriber"]),
    ("axum", &["headwater-log", "headwater-edge", "headwater-subscriber", "departure-board", "delay-alerts"]),
    ("hyper", &["headwater-log", "delay-alerts"]),
    ("hyper-util", &["headwater-log", "delay-alerts"]),
];

/// What must not be linked into a crate, however indirectly. A leading `*` stands for any name.
const NEVER_CONTAINS: &[(&str, &[&str])] = &[
    // A check that runs in every build, and in front of it.
    ("headwater-contract", &["tokio", "async-nats", "jsonschema"]),
    ("headwater-schema", &["tokio", "async-nats"]),
    ("headwater-schema-gate", &["tokio", "async-nats"]),
    ("headwater-event-derive", &["tokio", "async-nats"]),
    ("headwater-event", &["tokio", "async-nats"]),
    // Whoever keeps no state in PostgreSQL doesn't build its client.
    ("headwater-log", &["tokio-postgres"]),
    ("headwater-publisher", &["tokio-postgres"]),
    ("headwater-subscriber", &["tokio-postgres"]),
    (
        "*-events",
        &[
            "tokio",
            "async-nats",
            "headwater-schema",
            "headwater-log",
            "headwater-publisher",
            "headwater-subscriber",
        ],
    ),
];

/// Where crates lie, flat.
const FOLDERS: &[&str] = &["events", "publishers", "subscribers", "schemas"];

/// What else the top level may hold, besides dotfiles and what `.gitignore` names.
const TOP_LEVEL: &[&str] = &[
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "Dockerfile",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "clippy.toml",
    "compose.yaml",
    "deny.toml",
    "docs",
    "rust-toolchain.toml",
    "rustfmt.toml",
];

static METADATA: LazyLock<Metadata> = LazyLock::new(|| {
    // Without a platform, cargo would download what only other platforms need.
    let options = ["--filter-platform", "host-tuple"].map(str::to_owned);
    MetadataCommand::new().other_options(options).exec().unwrap()
});

fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

#[test]
fn every_crate_depends_only_on_what_the_table_allows() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_DEPEND_ON.iter().copied().collect();
    let members: BTreeSet<String> =
        METADATA.workspace_packages().iter().map(|package| package.name.to_string()).collect();
    let mut violations = Vec::new();
    for package in METADATA.workspace_packages() {
        let name = package.name.as_str();
        let Some(allowed) = allowed.get(name) else {
            violations.push(format!("{name} is in the workspace and not in the table; add a row for it"));
            continue;
        };
        for dependency in &package.dependencies {
            let other = dependency.name.as_str();
            // A crate may name itself, to test with its own features.
            if members.contains(other) && other != name && !allowed.contains(&other) {
                let kind = dependency.kind;
                violations.push(format!("{name} must not depend on {other} ({kind} dependency)"));
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn the_table_itself_points_one_way_and_names_no_crate_that_is_gone() {
    let members: BTreeSet<String> =
        METADATA.workspace_packages().iter().map(|package| package.name.to_string()).collect();
    let mut violations = Vec::new();
    let mut above = BTreeSet::new();
    for (name, allowed) in MAY_DEPEND_ON {
        if !members.contains(*name) {
            violations.push(format!("{name} is in the table and not in the workspace; remove its row"));
        }
        for other in allowed.iter().filter(|other| !above.contains(*other)) {
            violations.push(format!("{name} may depend on {other}, which is not above it in the table"));
        }
        above.insert(name);
    }
    assert_none(&violations);
}

#[test]
fn only_their_owners_name_the_clients_of_the_broker_and_of_the_database_and_http() {
    let mut violations = Vec::new();
    for package in METADATA.workspace_packages() {
        for (dependency, owners) in ONLY_NAMED_BY {
            let named = package.dependencies.iter().any(|named| named.name == *dependency);
            if named && !owners.contains(&package.name.as_str()) {
                violations.push(format!("{} names {dependency}; only {owners:?} may", package.name));
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn contracts_contain_no_runtime_and_no_broker_and_the_runtimes_no_database() {
    let mut violations = Vec::new();
    for package in METADATA.workspace_packages() {
        let linked = linked_into(&package.id);
        for (pattern, forbidden) in NEVER_CONTAINS {
            if !matches(pattern, &package.name) {
                continue;
            }
            for name in forbidden.iter().filter(|name| linked.contains(**name)) {
                violations.push(format!("{} contains {name}; see `cargo tree -i {name}`", package.name));
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn every_crate_lies_flat_in_a_folder_of_its_own_name() {
    let mut violations = Vec::new();
    for package in METADATA.workspace_packages() {
        let folder = package.manifest_path.parent().unwrap();
        let place = folder.strip_prefix(&METADATA.workspace_root).unwrap();
        let expected = FOLDERS.iter().any(|parent| place == format!("{parent}/{}", package.name));
        if !expected {
            violations.push(format!("{} lies in {place}; crates lie in {FOLDERS:?}", package.name));
        }
    }
    assert_none(&violations);
}

#[test]
fn the_top_level_holds_only_what_every_reader_expects() {
    let ignored = std::fs::read_to_string(METADATA.workspace_root.join(".gitignore")).unwrap();
    let ignored: BTreeSet<&str> = ignored.lines().map(|line| line.trim_matches('/')).collect();
    let mut violations = Vec::new();
    for entry in METADATA.workspace_root.read_dir_utf8().unwrap() {
        let name = entry.unwrap().file_name().to_owned();
        let expected = name.starts_with('.')
            || FOLDERS.contains(&name.as_str())
            || TOP_LEVEL.contains(&name.as_str())
            || ignored.contains(name.as_str());
        if !expected {
            violations.push(format!("{name} has no place at the top level"));
        }
    }
    assert_none(&violations);
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(suffix) => name.ends_with(suffix),
        None => name == pattern,
    }
}

/// The names of all crates that are part of `crate_id`: its dependencies, theirs, and so on, but not
/// those of tests.
fn linked_into(crate_id: &PackageId) -> BTreeSet<&str> {
    let resolve = METADATA.resolve.as_ref().unwrap();
    let nodes: BTreeMap<&PackageId, _> = resolve.nodes.iter().map(|node| (&node.id, node)).collect();
    let (mut seen, mut next) = (BTreeSet::from([crate_id]), vec![crate_id]);
    while let Some(id) = next.pop() {
        for dependency in &nodes[id].deps {
            let linked = dependency.dep_kinds.iter().any(|kind| kind.kind != DependencyKind::Development);
            if linked && seen.insert(&dependency.pkg) {
                next.push(&dependency.pkg);
            }
        }
    }
    seen.iter().map(|id| METADATA[id].name.as_str()).collect()
}
