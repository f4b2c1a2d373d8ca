use std::collections::BTreeSet;

use headwater_schema::{EventName, EventRef, nearest};

use super::NewError;
use super::known_event::KnownEvent;
use super::site::Site;
use super::words::list;

impl Site {
    /// The events that were named, each in one version; or what to name instead.
    pub(super) fn events(&self, texts: &[String]) -> Result<Vec<KnownEvent>, NewError> {
        let mut events: Vec<KnownEvent> = Vec::new();
        for text in texts {
            let event = self.event(text)?;
            if let Some(first) = events.iter().find(|first| first.event.name == event.event.name) {
                return Err(NewError::Versions {
                    first: first.event.clone().into(),
                    second: event.event.into(),
                });
            }
            events.push(event);
        }
        Ok(events)
    }

    /// Who publishes an event, in which version.
    pub(super) fn publishers(&self, name: &EventName) -> Vec<(String, u32)> {
        let system = &self.checked.system;
        let all = system.contracts.iter().chain(system.imported.iter().flat_map(|bundle| &bundle.contracts));
        let publications = all.flat_map(|contract| {
            contract
                .publishes
                .iter()
                .map(move |publication| (&contract.service.name.value, &publication.event))
        });
        publications
            .filter(|(_, event)| event.name == *name)
            .map(|(service, event)| (service.clone(), event.version))
            .collect()
    }

    /// Who reads an event.
    pub(super) fn readers(&self, name: &EventName) -> Vec<String> {
        let system = &self.checked.system;
        let all = system.contracts.iter().chain(system.imported.iter().flat_map(|bundle| &bundle.contracts));
        let reads = all.filter(|contract| contract.subscribes.iter().any(|read| read.event.name == *name));
        reads.map(|contract| contract.service.name.value.clone()).collect()
    }

    fn event(&self, text: &str) -> Result<KnownEvent, NewError> {
        let (name, version) =
            text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
        let name: EventName = name.parse().map_err(|error| NewError::Event(format!("{error}")))?;
        let mut versions: Vec<u32> =
            self.types().iter().filter(|one| one.event.name == name).map(|one| one.event.version).collect();
        versions.dedup();
        let Some(newest) = versions.last() else { return Err(self.unknown(&name)) };
        let Some(version) = version else {
            let there = self.versions(&name, &versions);
            return Err(NewError::Event(format!(
                "say which version of {name}, as in {name}@{newest}: {there}"
            )));
        };
        let event: EventRef =
            format!("{name}@{version}").parse().map_err(|error| NewError::Event(format!("{error}")))?;
        match self.types().iter().find(|schemas| schemas.event == event) {
            Some(schemas) => KnownEvent::new(schemas),
            None => {
                let there = self.versions(&name, &versions);
                Err(NewError::Event(format!("there is no {event}: {there}")))
            }
        }
    }

    fn unknown(&self, name: &EventName) -> NewError {
        let names: BTreeSet<String> =
            self.types().iter().map(|schemas| schemas.event.name.to_string()).collect();
        let hint = match nearest(&name.to_string(), names.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean {meant}?"),
            None if names.is_empty() => format!("make it with `headwater new event {name}`"),
            None => format!(
                "there {} {}; `headwater new event {name}` makes another",
                if names.len() == 1 { "is" } else { "are" },
                list(&names.iter().cloned().collect::<Vec<_>>())
            ),
        };
        NewError::Event(format!("no events crate declares {name}; {hint}"))
    }

    /// `flight-ops publishes @2, and there is a type for @1 and @2`
    fn versions(&self, name: &EventName, versions: &[u32]) -> String {
        let versions: Vec<String> = versions.iter().map(|version| format!("@{version}")).collect();
        let types = match versions.as_slice() {
            [one] => format!("the only version is {one}"),
            several => format!("there are {}", list(several)),
        };
        let published: Vec<String> = self
            .publishers(name)
            .iter()
            .map(|(service, version)| format!("{service} publishes @{version}"))
            .collect();
        match published.as_slice() {
            [] => format!("{types}, and nobody publishes it"),
            published => format!("{types}, and {}", list(published)),
        }
    }
}
