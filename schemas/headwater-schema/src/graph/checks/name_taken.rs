use std::collections::BTreeMap;

use headwater_contract::{Code, Contract, Finding};

use crate::graph::check::Check;
use crate::graph::index::{Index, Service};

/// A service's name is its identity: on the wire, in checkpoints and for its operators.
pub(super) const CHECK: Check = Check { code: Code::HW0107, run };

/// What is wrong when a contract's name isn't its cargo package's; only the build knows the package.
pub fn misnamed(contract: &Contract, package: &str) -> Option<Finding> {
    let name = &contract.service.name;
    (name.value != package).then(|| {
        Finding::new(Code::HW0107, format!("the crate {package} has a contract for {}", name.value))
            .at(contract.place(name.span.clone()).label(format!("the crate is called {package}")))
            .help(format!("write name = \"{package}\""))
    })
}

fn run(index: &Index<'_>, findings: &mut Vec<Finding>) {
    let mut taken: BTreeMap<&str, Service<'_>> = BTreeMap::new();
    let mut services = index.services.clone();
    // Who comes first keeps the name: what other repositories have can't be renamed here.
    services.sort_by_key(|service| (service.is_own(), &service.contract.path));
    for service in services {
        let name = service.contract.name();
        match taken.get(name) {
            None => {
                taken.insert(name, service);
            }
            Some(first) if service.is_own() => {
                let place = |service: &Service<'_>| {
                    service.contract.place(service.contract.service.name.span.clone())
                };
                findings.push(
                    Finding::new(Code::HW0107, format!("two services are called {name}"))
                        .at(place(&service))
                        .related(place(first).label("this is the other"))
                        .help("rename one of them, the crate and its contract"),
                );
            }
            Some(_) => {}
        }
    }
}
