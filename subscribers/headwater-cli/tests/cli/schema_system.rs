//! A workspace with a gate, in a repository of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::command::{Ran, headwater};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A workspace with an event, its gate, and two services.
pub(crate) struct System {
    pub(crate) root: PathBuf,
    target: PathBuf,
    /// All of them are in the same place, so there is one at a time.
    _only: MutexGuard<'static, ()>,
}

impl System {
    /// Makes the workspace anew. What was built for it is kept for later runs.
    pub(crate) fn new() -> Self {
        static ONLY: Mutex<()> = Mutex::new(());
        let only = ONLY.lock().unwrap_or_else(PoisonError::into_inner);
        // What a failed test has left is made anew.
        // The tests of the gate build the same there.
        let shared = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("gate");
        let (target, root) = (shared.join("target"), shared.join("schema-cli"));
        if root.exists() {
            fs::remove_dir_all(&root).unwrap();
        }
        let system = Self { root, target, _only: only };
        system.write(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"gate\", \"order-events\", \"services/*\"]\n\n\
             [profile.dev]\ndebug = false\n",
        );
        fs::copy(Path::new(REPOSITORY).join("Cargo.lock"), system.root.join("Cargo.lock")).unwrap();
        system.package(
            "order-events",
            "[dependencies]\nheadwater-event = { path = \"{repository}/events/headwater-event\" }\n\
             schemars = \"1\"\nserde = { version = \"1\", features = [\"derive\"] }\n",
        );
        system.event("pub cents: i64");
        system.package(
            "gate",
            "[build-dependencies]\norder-events = { path = \"../order-events\" }\n\
             headwater-schema-gate = { path = \"{repository}/schemas/headwater-schema-gate\" }\n",
        );
        system.write(
            "gate/build.rs",
            "fn main() {\n    headwater_schema_gate::Gate::new().events::<order_events::OrderPaid>().run();\n}\n",
        );
        for (name, events) in [("shop", "[publishes]"), ("report", "[subscribes]")] {
            system.package(&format!("services/{name}"), "[dependencies]\ngate = { path = \"../../gate\" }\n");
            system.contract(name, &format!("{events}\n\"orders.order.paid\" = 1\n"));
        }
        system.git(&["init", "--quiet", "--initial-branch", "main"]);
        system
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root.join(path)).unwrap()
    }

    /// Changes the event: these are its fields, besides its key.
    pub(crate) fn event(&self, fields: &str) {
        self.write(
            "order-events/src/lib.rs",
            &format!(
                "use headwater_event::{{Event, JsonSchema}};\n\n\
                 #[derive(serde::Serialize, serde::Deserialize, JsonSchema, Event)]\n\
                 #[event(domain = \"orders\", aggregate = \"order\", name = \"paid\", version = 1)]\n\
                 pub struct OrderPaid {{\n    #[event(key)]\n    pub order: String,\n    {fields},\n}}\n"
            ),
        );
    }

    pub(crate) fn contract(&self, name: &str, events: &str) {
        let service =
            format!("[service]\nname = \"{name}\"\nowner = \"sales\"\ndomain = \"orders\"\n\n{events}");
        self.write(&format!("services/{name}/contract.toml"), &service);
    }

    /// Runs `headwater schema` in the workspace.
    pub(crate) fn schema(&self, arguments: &[&str]) -> Ran {
        let mut command = headwater([&["schema"], arguments].concat());
        command.current_dir(&self.root).env("CARGO", env!("CARGO")).env("CARGO_TARGET_DIR", &self.target);
        // Cargo and git need to know where they are. Without the name of its toolchain, rustup would take another one for
        // a target directory outside of this repository, and might even install it.
        for variable in
            ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "RUSTUP_AUTO_INSTALL"]
        {
            if let Some(value) = std::env::var_os(variable) {
                command.env(variable, value);
            }
        }
        command.output().unwrap().into()
    }

    pub(crate) fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&[
            "-c",
            "user.name=A",
            "-c",
            "user.email=a@example.org",
            "commit",
            "--quiet",
            "-m",
            message,
        ]);
    }

    pub(crate) fn git(&self, arguments: &[&str]) {
        let done = Command::new("git").arg("-C").arg(&self.root).args(arguments).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }

    fn package(&self, folder: &str, dependencies: &str) {
        let name = folder.rsplit('/').next().unwrap();
        let package = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n{dependencies}"
        );
        self.write(&format!("{folder}/Cargo.toml"), &package.replace("{repository}", REPOSITORY));
        self.write(&format!("{folder}/src/lib.rs"), "");
    }
}
