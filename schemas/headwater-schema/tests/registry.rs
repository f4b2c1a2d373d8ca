//! The registry on disk, from the first type to a refused change.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::fs;
use std::path::Path;

use headwater_schema::registry::{AcceptError, Kind, Loaded, Plan, Registry};
use headwater_schema::{Bundle, Finding, Snapshot, TypeSchemas, render};
use serde_json::{Value, json};
use tempfile::TempDir;

const DIRECTORY: &str = "schemas/registry";

fn paid(version: u32, properties: Value) -> TypeSchemas {
    let schema = json!({"title": "Paid", "type": "object", "properties": properties, "required": ["a"]});
    TypeSchemas {
        event: format!("orders.order.paid@{version}").parse().unwrap(),
        event_type: format!("dev.headwater.orders.order.paid.v{version}"),
        rust_type: "order_events::OrderPaid".to_owned(),
        declared_at: None,
        doc: String::new(),
        upcasts: version > 1,
        serialize: schema.clone(),
        deserialize: schema,
    }
}

fn snapshot(events: Vec<TypeSchemas>) -> Snapshot {
    Snapshot { gate: "gate".to_owned(), root: "/system".into(), events }
}

fn first() -> TypeSchemas {
    paid(1, json!({"a": {"type": "integer"}}))
}

/// A root whose registry holds these types, accepted one after the other.
fn registered(types: &[TypeSchemas]) -> TempDir {
    let root = TempDir::new().unwrap();
    for (index, schemas) in types.iter().enumerate() {
        let snapshot = snapshot(vec![schemas.clone()]);
        let plan = match index {
            0 => Plan::beginning(Path::new(DIRECTORY), &snapshot, |_| true),
            _ => Plan::new(&load(root.path()).registry, &snapshot, |_| true),
        };
        plan.write(root.path()).unwrap();
    }
    root
}

fn load(root: &Path) -> Loaded {
    Registry::load(root, Path::new(DIRECTORY)).unwrap()
}

fn files(root: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => directories.push(entry.path()),
                false => files.push(entry.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned()),
            }
        }
    }
    files.sort();
    files
}

fn shown(findings: &[Finding]) -> String {
    render::terminal(findings, false)
}

#[test]
fn what_is_registered_has_not_drifted() {
    let root = registered(&[first()]);
    let Loaded { registry, findings } = load(root.path());
    assert_eq!(findings, []);
    assert_eq!(registry.drift(&[first()]), []);
    assert_eq!(
        files(root.path()),
        [
            "schemas/registry/orders/order/paid/v1.de.json",
            "schemas/registry/orders/order/paid/v1.ser.json",
            "schemas/registry/registry.toml",
        ]
    );
    let text = fs::read_to_string(root.path().join(DIRECTORY).join("registry.toml")).unwrap();
    assert_eq!(text, "compatibility = \"BACKWARD_TRANSITIVE\"\nnamespace = \"dev.headwater\"\n");
}

#[test]
fn a_corrected_comment_is_no_drift_and_can_be_registered() {
    let root = registered(&[first()]);
    let mut reworded = first();
    reworded.serialize["title"] = "OrderPaid".into();
    let registry = load(root.path()).registry;
    assert_eq!(registry.drift(&[reworded.clone()]), []);
    let plan = Plan::new(&registry, &snapshot(vec![reworded]), |_| true);
    assert_eq!(plan.registrations[0].kind, Kind::Wording);
}

#[test]
fn a_compatible_change_becomes_a_new_revision() {
    let root = registered(&[first()]);
    let changed =
        snapshot(vec![paid(1, json!({"a": {"type": "integer"}, "b": {"type": ["string", "null"]}}))]);
    let registry = load(root.path()).registry;
    insta::assert_snapshot!(shown(&registry.drift(&changed.events)));
    let plan = Plan::new(&registry, &changed, |_| true);
    assert_eq!((plan.registrations[0].revision, plan.registrations[0].kind), (1, Kind::Compatible));
    let before = files(root.path());
    plan.write(root.path()).unwrap();
    let after = files(root.path());
    assert!(before.iter().all(|file| after.contains(file)));
    assert!(after.contains(&"schemas/registry/orders/order/paid/v1.1.ser.json".to_owned()), "{after:?}");
    assert_eq!(load(root.path()).registry.drift(&changed.events), []);
    assert!(Plan::new(&load(root.path()).registry, &changed, |_| true).is_empty());
}

#[test]
fn an_incompatible_change_is_refused_and_nothing_else_is_written() {
    let root = registered(&[first()]);
    let changed = snapshot(vec![paid(1, json!({"a": {"type": "string"}})), paid(2, json!({}))]);
    let registry = load(root.path()).registry;
    let plan = Plan::new(&registry, &changed, |_| true);
    insta::assert_snapshot!(shown(&plan.refusals));
    let before = files(root.path());
    assert!(matches!(plan.write(root.path()), Err(AcceptError::Refused { count: 1 })));
    assert_eq!(files(root.path()), before);
    // The other one is fine by itself.
    let plan = Plan::new(&registry, &changed, |event| event.version == 2);
    plan.write(root.path()).unwrap();
    assert_eq!(load(root.path()).registry.events.len(), 2);
}

#[test]
fn a_file_that_came_in_the_meantime_is_not_written_over() {
    let root = registered(&[first()]);
    let changed = snapshot(vec![paid(2, json!({})), paid(3, json!({}))]);
    let plan = Plan::new(&load(root.path()).registry, &changed, |_| true);
    let last = root.path().join(DIRECTORY).join("orders/order/paid/v3.de.json");
    fs::write(&last, "another").unwrap();
    let before = files(root.path());
    let error = plan.write(root.path()).unwrap_err();
    assert!(matches!(&error, AcceptError::Write { path, .. } if last.ends_with(path)), "{error}");
    assert_eq!(files(root.path()), before);
    assert_eq!(fs::read_to_string(last).unwrap(), "another");
}

#[test]
fn all_that_is_wrong_with_the_files_is_found_at_once() {
    let root =
        registered(&[first(), paid(1, json!({"a": {"type": "integer"}, "b": {}})), paid(2, json!({}))]);
    let directory = root.path().join(DIRECTORY);
    let event = directory.join("orders/order/paid");
    let edit = |path: &Path, from: &str, to: &str| {
        fs::write(path, fs::read_to_string(path).unwrap().replace(from, to)).unwrap();
    };
    edit(&event.join("v1.ser.json"), "integer", "string");
    fs::copy(event.join("v2.ser.json"), event.join("v3.ser.json")).unwrap();
    fs::remove_file(event.join("v2.de.json")).unwrap();
    fs::write(directory.join("orders/notes.txt"), "").unwrap();
    fs::write(directory.join("README.md"), "").unwrap();
    fs::write(directory.join(".gitattributes"), "").unwrap();
    let Loaded { registry, findings } = load(root.path());
    insta::assert_snapshot!(shown(&findings));
    // Nothing more is said about what is damaged.
    assert_eq!(registry.drift(&[first(), paid(2, json!({}))]), []);
}

#[test]
fn a_missing_registry_says_how_to_begin() {
    let root = TempDir::new().unwrap();
    let finding = Registry::load(root.path(), Path::new(DIRECTORY)).unwrap_err();
    insta::assert_snapshot!(shown(&[*finding]));
}

#[test]
fn two_types_cannot_claim_one_event() {
    let root = registered(&[first()]);
    let other = TypeSchemas { rust_type: "order_events::Paid".to_owned(), ..first() };
    let findings = load(root.path()).registry.drift(&[first(), other]);
    insta::assert_snapshot!(shown(&findings));
}

#[test]
fn a_bundle_carries_the_registry_letter_by_letter() {
    let root = registered(&[first(), paid(2, json!({}))]);
    let registry = load(root.path()).registry;
    let types = snapshot(vec![first(), paid(2, json!({}))]);
    let json = Bundle::new("orders".to_owned(), &[], &registry, &types).unwrap().to_json().unwrap();
    let bundle = Bundle::parse(&json).unwrap();
    let carried = bundle.registry().unwrap();
    assert_eq!(carried.drift(&types.events), []);
    assert!(bundle.types().unwrap().iter().any(|schemas| schemas.upcasts));

    let edited = Bundle::parse(&json.replacen("integer", "string", 1)).unwrap();
    let error = edited.registry().unwrap_err();
    assert!(error.to_string().contains("not as it was exported"), "{error}");
}
