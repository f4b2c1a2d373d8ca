use headwater_contract::{Code, Finding};

use super::checks::CHECKS;
use super::index::Index;
use super::system::System;

/// Something that is asked of every system; each is a file under `checks/`.
pub(super) struct Check {
    /// What it reports.
    pub(super) code: Code,
    /// Adds its findings.
    pub(super) run: fn(&Index<'_>, &mut Vec<Finding>),
}

/// Whether everything fits together: what doesn't, in the order in which people read it.
///
/// All contracts must have been read: one that is left out because it has faults of its own is missed here by
/// those who read what it publishes.
///
/// # Example: a publication that nobody reads
///
/// ```
/// use std::path::Path;
///
/// use headwater_schema::Contract;
/// use headwater_schema::graph::{System, check};
///
/// let source = "[service]\nname = \"flight-ops\"\nowner = \"operations\"\ndomain = \"flights\"\n\n\
///               [publishes]\n\"flights.flight.departed\" = 1\n";
/// let contract = Contract::parse(Path::new("publishers/flight-ops/contract.toml"), source);
/// let system = System {
///     contracts: contract.into_iter().collect(),
///     events: None,
///     imported: Vec::new(),
///     today: jiff::civil::date(2027, 1, 15),
/// };
/// let findings = check(&system);
/// assert_eq!(findings[0].code.id(), "HW0201");
/// ```
pub fn check(system: &System) -> Vec<Finding> {
    let index = Index::new(system);
    let mut findings = Vec::new();
    for check in CHECKS {
        (check.run)(&index, &mut findings);
    }
    findings.sort_by(Finding::reading_order);
    findings
}

/// The codes that [`check`] can report.
pub fn codes() -> Vec<Code> {
    CHECKS.iter().map(|check| check.code).collect()
}
