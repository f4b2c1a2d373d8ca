//! What the gate adds to `cargo check` of one service, in a generated workspace of 300 services and 1,000 event types
//! in 50 crates.
//!
//! `cargo run -p headwater-schema-gate --example incremental` generates and builds it below `target/tmp` (some minutes,
//! once), and then checks two services by turns: `service-0`, which depends on the gate, and `ungated`, which is the
//! same without it.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement, not a tool")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use headwater_schema::Snapshot;
use headwater_schema::registry::Plan;
use headwater_schema_gate::Setup;

const CRATES: usize = 50;
const TYPES_OF_CRATE: usize = 20;
const SERVICES: usize = 300;
const ROUNDS: usize = 7;
const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

fn main() {
    let folder = PathBuf::from(REPOSITORY).join("target/tmp/incremental");
    let workspace = Workspace { root: folder.join("workspace"), target: folder.join("target") };
    workspace.write_all();
    workspace.check("ungated");
    // The first build finds no registry; what it says of the types is what is registered.
    workspace.check("service-0");
    workspace.register();
    assert!(workspace.check("service-0"), "the generated system must fit together");

    println!("cargo check of a service, median of {ROUNDS}, in ms:  ungated   gated   difference");
    workspace.measure("nothing has changed", |_| {});
    workspace.measure("the service's code", |round| {
        let code = format!("{}\n// {round}\n", service_code());
        workspace.write("services/service-0/src/lib.rs", &code);
        workspace.write("services/ungated/src/lib.rs", &code);
    });
    workspace.measure("another service's contract", |round| {
        workspace.write("services/service-150/contract.toml", &format!("{}# {round}\n", contract(150)));
    });
    workspace.measure("an event crate's code", |round| {
        workspace.write("events/domain0-events/src/lib.rs", &format!("{}// {round}\n", events_code(0)));
    });
}

struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    fn measure(&self, what: &str, edit: impl Fn(usize)) {
        let mut times = [Vec::new(), Vec::new()];
        for round in 0..ROUNDS {
            for which in 0..2 {
                // Each finds the same edit, and nothing that the other has built for it.
                edit(2 * round + which);
                let start = Instant::now();
                assert!(self.check(["ungated", "service-0"][which]));
                times[which].push(start.elapsed());
            }
        }
        let [ungated, gated] = times.map(median).map(|time| time.as_secs_f64() * 1e3);
        println!("{what:<51} {ungated:>8.0} {gated:>7.0} {:>12.0}", gated - ungated);
    }

    /// Whether the package passes.
    fn check(&self, package: &str) -> bool {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["check", "--quiet", "--offline", "--package", package]).current_dir(&self.root);
        cargo.env("CARGO_TARGET_DIR", &self.target).env_remove("CI").env_remove("HEADWATER_GATE");
        let output = cargo.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() && !errors.contains("HW0005") {
            println!("{errors}");
        }
        output.status.success()
    }

    fn register(&self) {
        let note = |name| fs::read(self.target.join("headwater").join(name)).unwrap();
        let setup: Setup = serde_json::from_slice(&note("gate.gate.json")).unwrap();
        let snapshot: Snapshot = serde_json::from_slice(&note("gate.json")).unwrap();
        assert_eq!(snapshot.events.len(), CRATES * TYPES_OF_CRATE);
        if !setup.registry_dir().exists() {
            Plan::beginning(&setup.registry, &snapshot, |_| true).write(&setup.root).unwrap();
        }
    }

    fn write_all(&self) {
        let members = "members = [\"events/*\", \"gate\", \"services/*\"]";
        // Libraries are compiled as this repository compiles them.
        let profile = "[profile.dev.package.\"*\"]\nopt-level = 1\n";
        self.write("Cargo.toml", &format!("[workspace]\nresolver = \"3\"\n{members}\n\n{profile}"));
        fs::copy(Path::new(REPOSITORY).join("Cargo.lock"), self.root.join("Cargo.lock")).unwrap();
        let mut gate = "[build-dependencies]\n".to_owned();
        let _ = writeln!(gate, "headwater-schema-gate = {{ path = \"{}\" }}", env!("CARGO_MANIFEST_DIR"));
        let mut build = "fn main() {\n    headwater_schema_gate::Gate::new()\n".to_owned();
        for domain in 0..CRATES {
            let name = format!("domain{domain}-events");
            let _ = writeln!(gate, "{name} = {{ path = \"../events/{name}\" }}");
            let _ = writeln!(build, "        .events::<domain{domain}_events::Event0>()");
            let event = format!(
                "[dependencies]\nheadwater-event = {{ path = \"{REPOSITORY}/events/headwater-event\" }}\nschemars = \
                 \"1\"\nserde = {{ version = \"1\", features = [\"derive\"] }}\n"
            );
            self.package(&format!("events/{name}"), &event, &events_code(domain));
        }
        self.package("gate", &gate, "");
        self.write("gate/build.rs", &(build + "        .run();\n}\n"));
        let events = "[dependencies]\ndomain0-events = { path = \"../../events/domain0-events\" }\n";
        let gate = "gate = { path = \"../../gate\" }\n";
        for service in 0..SERVICES {
            let folder = format!("services/service-{service}");
            let dependencies = if service == 0 { events } else { "[dependencies]\n" };
            let code = if service == 0 { service_code() } else { "" };
            self.package(&folder, &format!("{dependencies}{gate}"), code);
            self.write(&format!("{folder}/contract.toml"), &contract(service));
        }
        self.package("services/ungated", events, service_code());
    }

    fn package(&self, folder: &str, dependencies: &str, code: &str) {
        let name = folder.rsplit('/').next().unwrap();
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n{dependencies}"
        );
        self.write(&format!("{folder}/Cargo.toml"), &manifest);
        self.write(&format!("{folder}/src/lib.rs"), code);
    }

    /// Only if it changes something: the time of a file is what cargo looks at.
    fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        if fs::read_to_string(&path).is_ok_and(|before| before == text) {
            return;
        }
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn service_code() -> &'static str {
    "pub fn name(event: &domain0_events::Event0) -> &str {\n    &event.thing\n}\n"
}

fn events_code(domain: usize) -> String {
    let mut code =
        "use headwater_event::{Event, JsonSchema};\nuse serde::{Deserialize, Serialize};\n".to_owned();
    for number in 0..TYPES_OF_CRATE {
        let _ = write!(
            code,
            "\n#[derive(Serialize, Deserialize, JsonSchema, Event)]\n\
             #[event(domain = \"domain{domain}\", aggregate = \"thing\", name = \"event{number}\", version = 1)]\n\
             pub struct Event{number} {{\n    #[event(key)]\n    pub thing: String,\n    pub count: u32,\n    \
             pub cents: i64,\n    pub note: Option<String>,\n    pub tags: Vec<String>,\n    pub share: f64,\n    \
             pub open: bool,\n}}\n"
        );
    }
    code
}

/// Whoever has a domain publishes its share of it, and reads the next domain.
fn contract(service: usize) -> String {
    let domain = service % CRATES;
    let mut contract = format!(
        "[service]\nname = \"service-{service}\"\nowner = \"team {domain}\"\ndomain = \"domain{domain}\"\n\n[publishes]\n"
    );
    let shares = SERVICES / CRATES;
    for number in (0..TYPES_OF_CRATE).filter(|number| number % shares == service / CRATES) {
        let _ = writeln!(contract, "\"domain{domain}.thing.event{number}\" = 1");
    }
    contract += "\n[subscribes]\n";
    for number in 0..TYPES_OF_CRATE {
        let _ = writeln!(contract, "\"domain{}.thing.event{number}\" = 1", (domain + 1) % CRATES);
    }
    contract
}
