use headwater_contract::{Code, Finding};

use crate::graph::check::Check;
use crate::graph::index::Index;

/// A type that no service publishes is a promise that nobody keeps.
pub(super) const CHECK: Check = Check { code: Code::HW0202, run };

fn run(index: &Index<'_>, findings: &mut Vec<Finding>) {
    let Some(declared) = &index.declared else { return };
    for (name, types) in declared {
        let Some((version, newest)) = types.last_key_value() else { continue };
        let offers = index.offers_of(name);
        let published = offers.iter().any(|offer| offer.publication.event.version >= *version);
        // Readers go first when a version is new, and a reader without a publisher is reported as such.
        let read = index
            .readings_of(name)
            .iter()
            .any(|reading| offers.is_empty() || reading.subscription.event.version >= *version);
        if published || read || index.meant.contains(*name) {
            continue;
        }
        let readers_first = match newest.event.version {
            1 => String::new(),
            version => format!("let its readers subscribe to @{version}, which they do first, "),
        };
        findings.push(
            Finding::new(Code::HW0202, format!("{} is declared and published by nobody", newest.event))
                .note(format!("the type is {}", newest.declaration()))
                .help(format!(
                    "{readers_first}publish it in a contract (with `unused_ok` while nobody reads it), remove the \
                     type, or import the contract of the repository that publishes it"
                )),
        );
    }
}
