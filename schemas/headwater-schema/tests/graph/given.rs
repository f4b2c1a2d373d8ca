use std::path::PathBuf;

use headwater_contract::{Contract, Finding};
use headwater_schema::TypeSchemas;
use headwater_schema::graph::{Bundle, System, check};
use serde_json::Value;

/// A system with these services, on 15 January 2027.
pub(crate) fn system(contracts: impl IntoIterator<Item = Contract>) -> System {
    System {
        contracts: contracts.into_iter().collect(),
        events: None,
        imported: Vec::new(),
        today: "2027-01-15".parse().unwrap(),
    }
}

/// A service of a domain that publishes this, as lines of its contract.
pub(crate) fn publisher(name: &str, domain: &str, publishes: &str) -> Contract {
    contract("publishers", name, &format!("domain = \"{domain}\"\n\n[publishes]\n{publishes}\n"))
}

/// A service that reads this, as lines of its contract.
pub(crate) fn reader(name: &str, subscribes: &str) -> Contract {
    service(name, &format!("\n[subscribes]\n{subscribes}\n"))
}

/// A service with the rest of its contract.
pub(crate) fn service(name: &str, rest: &str) -> Contract {
    contract("subscribers", name, rest)
}

fn contract(folder: &str, name: &str, rest: &str) -> Contract {
    let path = PathBuf::from(format!("{folder}/{name}/contract.toml"));
    let source = format!("[service]\nname = \"{name}\"\nowner = \"someone\"\n{rest}");
    Contract::parse(&path, source).unwrap_or_else(|findings| panic!("{findings:#?}"))
}

pub(crate) trait Given {
    /// With these types: `a.b.c@1`, or `a.b.c@2 upcasts`.
    fn types(self, types: &[&str]) -> Self;

    /// With a service of another repository.
    fn imports(self, contract: Contract) -> Self;

    /// What the checks say.
    fn findings(&self) -> Vec<Finding>;

    /// The codes of what they say.
    fn codes(&self) -> Vec<&'static str>;
}

impl Given for System {
    fn types(mut self, types: &[&str]) -> Self {
        let types = types.iter().map(|text| {
            let (event, upcasts) = match text.strip_suffix(" upcasts") {
                Some(event) => (event, true),
                None => (*text, false),
            };
            let event: headwater_schema::EventRef = event.parse().unwrap();
            TypeSchemas {
                event_type: format!("dev.headwater.{}.v{}", event.name, event.version),
                declared_at: None,
                rust_type: format!("events::{}::V{}", event.name.event(), event.version),
                event,
                doc: String::new(),
                upcasts,
                serialize: Value::Bool(true),
                deserialize: Value::Bool(true),
            }
        });
        self.events = Some(types.collect());
        self
    }

    fn imports(mut self, contract: Contract) -> Self {
        self.imported.push(Bundle { repository: "airport".to_owned(), contracts: vec![contract] });
        self
    }

    fn findings(&self) -> Vec<Finding> {
        check(self)
    }

    fn codes(&self) -> Vec<&'static str> {
        self.findings().iter().map(|finding| finding.code.id()).collect()
    }
}
