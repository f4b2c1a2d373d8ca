//! How long the gate takes on a system of 300 services and 1,000 event types, step by step.
//!
//! `cargo run -p headwater-schema-gate --example check_speed` is what a build script takes in the dev profile; with
//! `--release` it is what `headwater schema check` takes when it was installed.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement, not a tool")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Instant;

use headwater_schema::registry::{Loaded, Plan, Registry};
use headwater_schema::{Bundle, Snapshot, TypeSchemas, graph};
use headwater_schema_gate::{Setup, Survey, today};
use serde_json::{Value, json};

const TYPES: usize = 1_000;
const SERVICES: usize = 300;
const DOMAINS: usize = 50;
const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn main() {
    let root = tempfile::tempdir().unwrap();
    let snapshot = Snapshot {
        gate: "gate".to_owned(),
        root: root.path().to_owned(),
        events: (0..TYPES).map(type_schemas).collect(),
    };
    let setup = Setup {
        gate: snapshot.gate.clone(),
        root: snapshot.root.clone(),
        repository: "generated".to_owned(),
        registry: "schemas/registry".into(),
        imports: Vec::new(),
    };
    write_workspace(root.path());
    timed("accept", || Plan::beginning(&setup.registry, &snapshot, |_| true).write(root.path()).unwrap());
    println!();

    for _ in 0..3 {
        timed("snapshot as JSON", || serde_json::to_vec(&snapshot).unwrap());
        let survey = timed("manifests, Cargo.lock and contracts", || Survey::of(&setup).unwrap());
        assert_eq!((survey.contracts.len(), survey.findings.len()), (SERVICES, 0));
        let Loaded { registry, findings } =
            timed("registry: load", || Registry::load(&setup.root, &setup.registry).unwrap());
        assert_eq!((registry.events.len(), findings.len()), (TYPES, 0));
        let drift = timed("registry: drift", || registry.drift(&snapshot.events));
        assert_eq!(drift, []);
        let system = graph::System {
            contracts: survey.contracts.clone(),
            events: Some(snapshot.events.clone()),
            imported: Vec::new(),
            today: today().unwrap(),
        };
        timed("graph", || graph::check(&system));
        timed("bundle", || {
            Bundle::new(String::new(), &survey.contracts, &registry, &snapshot).unwrap().to_json().unwrap()
        });
        let checked = timed("ALL OF A CHECK", || {
            setup.check(Survey::of(&setup).unwrap(), &snapshot, today().unwrap()).unwrap()
        });
        println!("{} findings\n", checked.findings.len());
    }
}

fn timed<T>(what: &str, run: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = run();
    println!("{:>8.1} ms  {what}", start.elapsed().as_secs_f64() * 1e3);
    result
}

/// A type with ten fields and a definition, about as large as those of the reference system.
fn type_schemas(number: usize) -> TypeSchemas {
    let domain = format!("domain{}", number % DOMAINS);
    let event = format!("{domain}.thing.event{number}@1").parse().unwrap();
    let property = |index: usize| {
        let schema = match index % 4 {
            0 => json!({"description": format!("The field {index}."), "type": "integer", "format": "int64"}),
            1 => {
                json!({"description": format!("The field {index}."), "type": ["string", "null"], "format": "date-time"})
            }
            2 => json!({"description": format!("The field {index}."), "$ref": "#/$defs/Money"}),
            _ => {
                json!({"description": format!("The field {index}."), "type": "array", "items": {"type": "string"}})
            }
        };
        (format!("field_{index}"), schema)
    };
    let properties: serde_json::Map<String, Value> = (0..10).map(property).collect();
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("Event{number}"),
        "description": "Something that has happened.",
        "type": "object",
        "required": properties.keys().collect::<Vec<_>>(),
        "properties": properties,
        "$defs": {"Money": {"type": "object", "properties": {"cents": {"type": "integer", "format": "int64"},
            "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}}, "required": ["cents", "currency"]}},
    });
    TypeSchemas {
        event,
        event_type: format!("dev.headwater.{domain}.thing.event{number}.v1"),
        rust_type: format!("{domain}_events::Event{number}"),
        declared_at: None,
        doc: "Something that has happened.".to_owned(),
        upcasts: false,
        deserialize: schema.clone(),
        serialize: schema,
    }
}

/// Services of which each publishes its share of the types and reads what its neighbours publish.
fn write_workspace(root: &Path) {
    fs::write(root.join("Cargo.toml"), "[workspace]\nmembers = [\"services/*\"]\n").unwrap();
    let mut lock = fs::read_to_string(Path::new(REPOSITORY).join("Cargo.lock")).unwrap();
    for service in 0..SERVICES {
        let folder = root.join(format!("services/service-{service}"));
        fs::create_dir_all(&folder).unwrap();
        let package =
            format!("[package]\nname = \"service-{service}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        fs::write(folder.join("Cargo.toml"), package + "[dependencies]\ngate.workspace = true\n").unwrap();
        // Whoever has a domain publishes in it.
        let domain = service % DOMAINS;
        let in_turn = service / DOMAINS;
        let of_domain = |domain: usize| (0..TYPES).filter(move |number| number % DOMAINS == domain);
        let name = |number: usize| format!("\"domain{}.thing.event{number}\" = 1\n", number % DOMAINS);
        let mut contract = format!(
            "[service]\nname = \"service-{service}\"\nowner = \"team {domain}\"\ndomain = \"domain{domain}\"\n\n[publishes]\n"
        );
        of_domain(domain)
            .filter(|number| number / DOMAINS % 6 == in_turn)
            .for_each(|number| contract += &name(number));
        contract += "\n[subscribes]\n";
        of_domain((domain + 1) % DOMAINS).for_each(|number| contract += &name(number));
        fs::write(folder.join("contract.toml"), contract).unwrap();
        write!(
            lock,
            "\n[[package]]\nname = \"service-{service}\"\nversion = \"0.1.0\"\ndependencies = [\n \"gate\",\n \"serde\",\n]\n"
        )
        .unwrap();
    }
    fs::write(root.join("Cargo.lock"), lock).unwrap();
}
