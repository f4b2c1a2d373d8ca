use std::collections::BTreeMap;

use headwater_contract::{Code, Finding, Publication, nearest};

use crate::graph::check::Check;
use crate::graph::index::{Index, Service};

/// A service publishes the events of its own domain.
pub(super) const CHECK: Check = Check { code: Code::HW0105, run };

fn run(index: &Index<'_>, findings: &mut Vec<Finding>) {
    for service in index.services.iter().filter(|service| service.is_own()) {
        let mut outside: BTreeMap<&str, Vec<&Publication>> = BTreeMap::new();
        for publication in &service.contract.publishes {
            let name = &publication.event.name;
            let owned =
                index.offers_of(name).iter().any(|offer| offer.service.domain() == Some(name.domain()));
            let known = index.declared.as_ref().is_none_or(|declared| declared.contains_key(name));
            // With an owner it is an event of two domains, and a name that no type has says nothing about
            // domains.
            if !owned && known {
                outside.entry(name.domain()).or_default().push(publication);
            }
        }
        findings.extend(
            outside.iter().filter_map(|(domain, publications)| finding(*service, domain, publications)),
        );
    }
}

/// One finding for all events of a domain: the mistake is usually in the service's own line.
fn finding(service: Service<'_>, domain: &str, publications: &[&Publication]) -> Option<Finding> {
    let (contract, name) = (service.contract, service.called());
    let own = contract.service.domain.as_ref().filter(|own| own.value != domain)?;
    let first = publications.first()?;
    let events = match publications {
        [publication] => publication.event.to_string(),
        _ => format!("{} events of the domain {domain}", publications.len()),
    };
    let message = format!("{name} publishes {events}, and is of the domain {}", own.value);
    let (at_domain, at_event) = (contract.place(own.span.clone()), contract.place(first.name_span.clone()));
    let finding = Finding::new(Code::HW0105, message);
    Some(if nearest(&own.value, [domain]).is_some() && publications.len() == contract.publishes.len() {
        finding
            .at(at_domain.label(format!("did you mean {domain}?")))
            .related(at_event.label("this is an event of that domain"))
            .help(format!("write domain = \"{domain}\""))
    } else {
        finding
            .at(at_event.label(format!("an event of the domain {domain}")))
            .related(at_domain.label("the service's own domain"))
            .help(format!(
                "publish it from a service of the domain {domain}, or rename it to {}.*",
                own.value
            ))
    })
}
