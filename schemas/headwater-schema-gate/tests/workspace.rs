//! A gate in a workspace of its own, built by cargo: what it says, and when it checks again.
//!
//! The first run compiles the gate for that workspace; what it builds is kept for later runs.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use headwater_schema::Snapshot;
use headwater_schema::registry::{Plan, Registry};
use headwater_schema_gate::Setup;

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A workspace with an event, two services and a gate.
struct System {
    root: PathBuf,
    target: PathBuf,
}

/// How a build went.
struct Built {
    success: bool,
    output: String,
}

impl System {
    fn new() -> Self {
        let shared = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("gate");
        // Always the same, so that what an earlier run has built is of use. Not inside of the target directory: cargo
        // would take files of another workspace there, which are called alike, for this one's.
        let (target, root) = (shared.join("target"), shared.join("workspace"));
        if root.exists() {
            fs::remove_dir_all(&root).unwrap();
        }
        let system = Self { root, target };
        let manifest =
            "[workspace]\nresolver = \"3\"\nmembers = [\"gate\", \"order-events\", \"services/*\"]\n";
        // Only the gate's build script runs; nothing that is built here is debugged.
        system.write("Cargo.toml", &format!("{manifest}\n[profile.dev]\ndebug = false\n"));
        fs::copy(Path::new(REPOSITORY).join("Cargo.lock"), system.path("Cargo.lock")).unwrap();
        system.package(
            "order-events",
            "[dependencies]\nheadwater-event = { path = \"{repository}/events/headwater-event\" }\n\
             schemars = \"1\"\nserde = { version = \"1\", features = [\"derive\"] }\n",
            "use headwater_event::{Event, JsonSchema};\n\n\
             #[derive(serde::Serialize, serde::Deserialize, JsonSchema, Event)]\n\
             #[event(domain = \"orders\", aggregate = \"order\", name = \"paid\", version = 1)]\n\
             pub struct OrderPaid {\n    #[event(key)]\n    pub order: String,\n    pub cents: i64,\n}\n",
        );
        system.package(
            "gate",
            "[build-dependencies]\norder-events = { path = \"../order-events\" }\n\
             headwater-schema-gate = { path = \"{repository}/schemas/headwater-schema-gate\" }\n",
            "pub const BUNDLE: &str = include_str!(concat!(env!(\"OUT_DIR\"), \"/headwater-bundle.json\"));\n",
        );
        system.write(
            "gate/build.rs",
            "fn main() {\n    headwater_schema_gate::Gate::new().events::<order_events::OrderPaid>().run();\n}\n",
        );
        system.service("shop", "[publishes]\n\"orders.order.paid\" = 1\n");
        system.service("report", "[subscribes]\n\"orders.order.paid\" = 1\n");
        system
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn package(&self, folder: &str, dependencies: &str, code: &str) {
        let name = folder.rsplit('/').next().unwrap();
        let package = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n{dependencies}"
        );
        self.write(&format!("{folder}/Cargo.toml"), &package.replace("{repository}", REPOSITORY));
        self.write(&format!("{folder}/src/lib.rs"), code);
    }

    fn service(&self, name: &str, events: &str) {
        let folder = format!("services/{name}");
        self.package(&folder, "[dependencies]\ngate = { path = \"../../gate\" }\n", "");
        self.contract(name, events);
    }

    fn contract(&self, name: &str, events: &str) {
        let service =
            format!("[service]\nname = \"{name}\"\nowner = \"sales\"\ndomain = \"orders\"\n\n{events}");
        self.write(&format!("services/{name}/contract.toml"), &service);
    }

    /// Checks the service `shop`, of which the gate is a dependency.
    fn check(&self, environment: &[(&str, &str)]) -> Built {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["check", "--verbose", "--package", "shop"]).current_dir(&self.root);
        cargo.env("CARGO_TARGET_DIR", &self.target).env("CARGO_TERM_COLOR", "never");
        for variable in ["HEADWATER_GATE", "CI", "SOURCE_DATE_EPOCH", "RUSTFLAGS"] {
            cargo.env_remove(variable);
        }
        let output = cargo.envs(environment.iter().copied()).output().unwrap();
        Built { success: output.status.success(), output: String::from_utf8(output.stderr).unwrap() }
    }

    fn notes(&self, file: &str) -> Vec<u8> {
        fs::read(self.target.join("headwater").join(file)).unwrap()
    }

    /// Registers what the types say, as `headwater schema accept` does.
    fn accept(&self) {
        let setup: Setup = serde_json::from_slice(&self.notes("gate.gate.json")).unwrap();
        let snapshot: Snapshot = serde_json::from_slice(&self.notes("gate.json")).unwrap();
        let plan = match Registry::load(&setup.root, &setup.registry) {
            Ok(loaded) => Plan::new(&loaded.registry, &snapshot, |_| true),
            Err(_) => Plan::beginning(&setup.registry, &snapshot, |_| true),
        };
        plan.write(&setup.root).unwrap();
    }
}

impl Built {
    #[track_caller]
    fn passes(&self) -> &Self {
        assert!(self.success, "{}", self.output);
        self
    }

    #[track_caller]
    fn fails_with(&self, text: &str) -> &Self {
        assert!(!self.success && self.output.contains(text), "{}", self.output);
        self
    }

    #[track_caller]
    fn has_checked(&self, checked: bool) -> &Self {
        let ran = self.output.lines().any(|line| {
            line.trim_start().starts_with("Running")
                && line.contains("gate-")
                && line.contains("build-script-build")
        });
        assert_eq!(ran, checked, "{}", self.output);
        self
    }
}

#[test]
fn a_service_builds_only_if_all_fits_and_the_check_runs_only_if_something_changed() {
    let system = System::new();

    // A workspace begins without a registry, and is told how to get one.
    system.check(&[]).fails_with("[HW0005] there is no schema registry").has_checked(true);
    system.accept();
    system.check(&[]).passes().has_checked(true);

    // Nothing has changed, or nothing that matters.
    system.check(&[]).passes().has_checked(false);
    system.check(&[("CI", "true")]).passes().has_checked(false);
    system.write("services/shop/src/lib.rs", "pub const ANSWER: u32 = 42;\n");
    let built = system.check(&[]);
    built.passes().has_checked(false);
    assert!(built.output.contains("Fresh gate"), "{}", built.output);

    // A contract: its own service is not the one that is built.
    system.contract("report", "[subscribes]\n\"orders.order.paid\" = 2\n");
    system.check(&[]).fails_with("report subscribes to orders.order.paid@2").has_checked(true);
    system.contract("report", "[subscribes]\n\"orders.order.paid\" = 1\n");
    system.check(&[]).passes().has_checked(true);

    // A new service.
    system.package("services/billing", "[dependencies]\ngate = { path = \"../../gate\" }\n", "");
    system.check(&[]).fails_with("[HW0108] billing depends on gate and has no contract").has_checked(true);
    system.contract("billing", "[subscribes]\n\"orders.order.paid\" = 1\n");
    system.check(&[]).passes().has_checked(true);
    system.check(&[]).passes().has_checked(false);

    // A type.
    let code = fs::read_to_string(system.path("order-events/src/lib.rs")).unwrap();
    system.write("order-events/src/lib.rs", &code.replace("pub cents: i64", "pub cents: u8"));
    system.check(&[]).fails_with("[HW0301] orders.order.paid@1 breaks BACKWARD_TRANSITIVE").has_checked(true);
    system.write(
        "order-events/src/lib.rs",
        &code.replace("pub cents: i64", "pub cents: i64,\n    pub tip: Option<i64>"),
    );
    system.check(&[]).fails_with("[HW0002] orders.order.paid@1 has changed").has_checked(true);
    system.accept();
    system.check(&[]).passes().has_checked(true);

    // A type of another name in JSON: the message says how to keep it.
    let tipped = fs::read_to_string(system.path("order-events/src/lib.rs")).unwrap();
    system.write("order-events/src/lib.rs", &tipped.replace("pub cents", "pub amount"));
    system
        .check(&[])
        .fails_with("[HW0301] orders.order.paid@1 breaks BACKWARD_TRANSITIVE")
        .fails_with("declared by order_events::OrderPaid at order-events/src/lib.rs:3")
        .fails_with(
            "if `cents` is called `amount` now, keep its name in JSON: `#[serde(rename = \"cents\")]`",
        )
        .fails_with("for more about these, try `headwater explain HW0301`");

    // An event that nobody has told the gate about, and a crate of such events.
    let lost = code.replace("\"paid\"", "\"lost\"").replace("OrderPaid", "OrderLost");
    let (_, lost) = lost.split_once("\n\n").unwrap();
    system.write("order-events/src/lib.rs", &format!("{tipped}\n{lost}"));
    system.check(&[]).fails_with("[HW0202] orders.order.lost@1 is declared and published by nobody");
    system.write("order-events/src/lib.rs", &tipped);
    system.package("services/bill-events", "", "");
    system.check(&[]).fails_with("[HW0110] gate knows no event of bill-events").has_checked(true);
    fs::remove_dir_all(system.path("services/bill-events")).unwrap();
    system.check(&[]).passes().has_checked(true);

    // A registered schema.
    let registered = "schemas/registry/orders/order/paid/v1.ser.json";
    let text = fs::read_to_string(system.path(registered)).unwrap();
    system.write(registered, &text.replace("int64", "int32"));
    system
        .check(&[])
        .fails_with("[HW0003] the registered schema of orders.order.paid@1 was edited")
        .has_checked(true);

    // An editor shows warnings and goes on; nothing else may.
    let warned = system.check(&[("HEADWATER_GATE", "warn")]);
    warned.passes().has_checked(true);
    assert!(warned.output.contains("warning: gate@0.1.0: [HW0003]"), "{}", warned.output);
    system.check(&[("HEADWATER_GATE", "warn")]).passes().has_checked(false);
    system
        .check(&[("HEADWATER_GATE", "warn"), ("CI", "true")])
        .fails_with("HEADWATER_GATE=warn is for editors");
    system.check(&[("HEADWATER_GATE", "off")]).fails_with("leave it out, or write `warn`");
    system.write(registered, &text);
    system.check(&[]).passes();
}
