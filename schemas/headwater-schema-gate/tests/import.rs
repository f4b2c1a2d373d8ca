//! Services of one repository against the contracts and schemas of another.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::fs;
use std::path::Path;

use headwater_schema::registry::{Plan, Registry};
use headwater_schema::{Bundle, Contract, Snapshot, TypeSchemas};
use headwater_schema_gate::{Checked, Setup, Survey};
use serde_json::json;
use tempfile::TempDir;

/// The event that `shop`, in the repository `orders`, publishes; here as its amount is declared.
fn paid(version: u32, amount: &str) -> TypeSchemas {
    let amount = json!({"type": amount});
    let schema = json!({"type": "object", "properties": {"cents": amount}, "required": ["cents"]});
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

fn snapshot(root: &Path, events: Vec<TypeSchemas>) -> Snapshot {
    Snapshot { gate: "gate".to_owned(), root: root.to_owned(), events }
}

/// What the repository `orders` exports.
fn exported() -> String {
    let root = TempDir::new().unwrap();
    let types = snapshot(root.path(), vec![paid(1, "integer")]);
    Plan::beginning(Path::new("registry"), &types, |_| true).write(root.path()).unwrap();
    let registry = Registry::load(root.path(), Path::new("registry")).unwrap().registry;
    let contract = "[service]\nname = \"shop\"\nowner = \"sales\"\ndomain = \"orders\"\n\n[publishes]\n\"orders.order.paid\" = 1\n";
    let contract = Contract::parse(Path::new("shop/contract.toml"), contract).unwrap();
    Bundle::new("orders".to_owned(), &[contract], &registry, &types).unwrap().to_json().unwrap()
}

/// The repository of `report`, which reads the event with its own type, if it has one.
fn check(imports: Vec<String>, version: u32, own: Vec<TypeSchemas>) -> Checked {
    let root = TempDir::new().unwrap();
    let write = |path: &str, text: &str| {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("Cargo.toml", "[workspace]\nmembers = [\"report\"]\n");
    write("report/Cargo.toml", "[package]\nname = \"report\"\n");
    let contract = format!(
        "[service]\nname = \"report\"\nowner = \"b\"\n\n[subscribes]\n\"orders.order.paid\" = {version}\n"
    );
    write("report/contract.toml", &contract);
    write("registry/registry.toml", "compatibility = \"FULL\"\nnamespace = \"dev.headwater\"\n");
    let setup = Setup {
        gate: "gate".to_owned(),
        root: root.path().to_owned(),
        repository: "reports".to_owned(),
        registry: "registry".into(),
        imports,
    };
    let survey = Survey::of(&setup).unwrap();
    setup.check(survey, &snapshot(root.path(), own), "2026-01-01".parse().unwrap()).unwrap()
}

fn messages(checked: &Checked) -> Vec<String> {
    checked.findings.iter().map(|finding| format!("{}: {}", finding.code, finding.message)).collect()
}

#[test]
fn an_imported_publisher_counts_and_its_type_need_not_be_registered_here() {
    assert_eq!(messages(&check(vec![exported()], 1, vec![])), [] as [String; 0]);
    let checked = check(vec![exported()], 1, vec![paid(1, "integer")]);
    assert_eq!(messages(&checked), [] as [String; 0]);
    assert!(!checked.is_own(&"orders.order.paid@1".parse().unwrap()));
    assert!(checked.is_own(&"orders.order.lost@1".parse().unwrap()));
}

#[test]
fn a_reader_may_accept_more_than_is_written_and_not_less() {
    assert_eq!(messages(&check(vec![exported()], 1, vec![paid(1, "number")])), [] as [String; 0]);
    let messages = messages(&check(vec![exported()], 1, vec![paid(1, "string")]));
    assert_eq!(
        messages,
        ["HW0301: orders.order.paid@1 breaks BACKWARD_TRANSITIVE against its registered schema"]
    );
}

#[test]
fn a_version_that_the_other_repository_has_not_registered_is_found() {
    let messages = messages(&check(vec![exported()], 1, vec![paid(1, "integer"), paid(2, "integer")]));
    assert_eq!(
        messages,
        [
            "HW0001: orders.order.paid@2 has no schema in orders",
            "HW0202: orders.order.paid@2 is declared and published by nobody"
        ]
    );
}

#[test]
fn without_the_import_nobody_publishes() {
    let messages = messages(&check(vec![], 1, vec![]));
    assert!(
        messages.iter().any(|message| message.starts_with("HW0101") || message.starts_with("HW0103")),
        "{messages:?}"
    );
}
