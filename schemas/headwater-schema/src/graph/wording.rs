use std::collections::BTreeSet;

use super::index::{Index, Offer};

/// `a`, `a and b`, `a, b and c`: each once, in order.
pub(super) fn list<T: Into<String>>(items: impl IntoIterator<Item = T>) -> String {
    let items: BTreeSet<String> = items.into_iter().map(Into::into).collect();
    let items: Vec<String> = items.into_iter().collect();
    joined(&items)
}

/// `@1 and @2`, in the order of the numbers.
pub(super) fn versions(versions: impl IntoIterator<Item = u32>) -> String {
    let versions: BTreeSet<u32> = versions.into_iter().collect();
    let versions: Vec<String> = versions.iter().map(|version| format!("@{version}")).collect();
    joined(&versions)
}

/// `published: @2 by flight-ops`
pub(super) fn published(offers: &[Offer<'_>]) -> String {
    format!("published: {}", list(offers.iter().map(Offer::called)))
}

/// The services of this repository that publish in a domain, which is where something of it would be
/// published.
pub(super) fn publishers_in(index: &Index<'_>, domain: &str) -> String {
    let services =
        index.services.iter().filter(|service| service.is_own() && service.domain() == Some(domain));
    list(services.filter(|service| !service.contract.publishes.is_empty()).map(|service| service.called()))
}

fn joined(items: &[String]) -> String {
    match items.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}
