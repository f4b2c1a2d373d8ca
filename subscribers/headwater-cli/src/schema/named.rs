use std::fs;
use std::path::Path;

use headwater_schema::compat::Contracts;
use headwater_schema::registry::{Registry, Revision};
use headwater_schema::{EventName, EventRef, Snapshot};

use super::SchemaError;

/// An event in all of its versions, or in one: `flights.flight.departed`, `flights.flight.departed@2`.
pub(super) enum Wanted {
    Event(EventName),
    Version(EventRef),
}

impl Wanted {
    /// Reads a name, and says when the system has no such event.
    pub(super) fn parse(text: &str, snapshot: &Snapshot) -> Result<Self, SchemaError> {
        let unknown = |error: String| SchemaError::Unknown(error);
        let wanted = if text.contains('@') {
            Self::Version(text.parse().map_err(|error| unknown(format!("{error}")))?)
        } else {
            Self::Event(text.parse().map_err(|error| unknown(format!("{error}")))?)
        };
        if snapshot.events.iter().any(|schemas| wanted.means(&schemas.event)) {
            return Ok(wanted);
        }
        let known: Vec<String> = snapshot.events.iter().map(|schemas| schemas.event.to_string()).collect();
        Err(unknown(format!("no events crate declares {text}{}", meant(text, &known))))
    }

    pub(super) fn means(&self, event: &EventRef) -> bool {
        match self {
            Self::Event(name) => event.name == *name,
            Self::Version(version) => event == version,
        }
    }
}

/// Both schemas of what was named, and how to call it.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) contracts: Contracts,
}

impl Named {
    /// A revision in the registry (`flights.flight.departed@2` is the newest, `@2.0` the first), or a file.
    pub(super) fn find(text: &str, registry: &mut Lazy<'_>) -> Result<Self, SchemaError> {
        match text.split_once('@') {
            Some((name, version)) if !Path::new(text).exists() => {
                let (event, revision) = Self::parse(name, version, text)?;
                Self::registered(&event, revision, registry.get()?)
            }
            _ => Self::file(Path::new(text)),
        }
    }

    fn parse(name: &str, version: &str, text: &str) -> Result<(EventRef, Option<u32>), SchemaError> {
        let (version, revision) = match version.split_once('.') {
            Some((version, revision)) => (version, Some(revision)),
            None => (version, None),
        };
        let event: EventRef =
            format!("{name}@{version}").parse().map_err(|error| SchemaError::Unknown(format!("{error}")))?;
        let revision = revision.map(str::parse).transpose().map_err(|_| {
            SchemaError::Unknown(format!(
                "{text:?} names no revision; the first of version 2 is @2.0, the next @2.1"
            ))
        })?;
        Ok((event, revision))
    }

    fn registered(event: &EventRef, number: Option<u32>, registry: &Registry) -> Result<Self, SchemaError> {
        let revisions = registry.events.get(event).map(Vec::as_slice).unwrap_or_default();
        let revision = match number {
            None => revisions.last(),
            Some(number) => revisions.iter().find(|revision| revision.number == number),
        };
        let Some(revision) = revision else {
            let versions: Vec<String> = registry
                .events
                .keys()
                .filter(|known| known.name == event.name)
                .map(EventRef::to_string)
                .collect();
            let known: Vec<String> = registry.events.keys().map(EventRef::to_string).collect();
            let what = number.map_or_else(|| event.to_string(), |number| format!("{event}.{number}"));
            let hint = match revisions.last() {
                Some(newest) => format!("; its newest revision is {event}.{}", newest.number),
                None if !versions.is_empty() => format!("; there is {}", versions.join(", ")),
                None => meant(&event.to_string(), &known),
            };
            return Err(SchemaError::Unknown(format!("{what} is not registered{hint}")));
        };
        let name = format!("{event}.{}", revision.number);
        Ok(Self { contracts: contracts(revision, &name)?, name })
    }

    fn file(path: &Path) -> Result<Self, SchemaError> {
        let name = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => SchemaError::Unknown(format!(
                "{name} is no file; name one, or an event with its version, as in flights.flight.departed@2"
            )),
            _ => SchemaError::File { path: path.to_owned(), source },
        })?;
        let schema =
            serde_json::from_str(&text).map_err(|source| SchemaError::Json { what: name.clone(), source })?;
        Ok(Self { name, contracts: Contracts::same(schema) })
    }
}

/// A registry that is only read if it is needed.
pub(super) struct Lazy<'p> {
    pub(super) project: &'p super::Project,
    pub(super) registry: Option<Registry>,
}

impl Lazy<'_> {
    fn get(&mut self) -> Result<&Registry, SchemaError> {
        let registry = match self.registry.take() {
            Some(registry) => registry,
            None => self.project.registry()?,
        };
        Ok(self.registry.insert(registry))
    }
}

/// `; did you mean ...?`, if something is near enough.
pub(super) fn meant(text: &str, known: &[String]) -> String {
    let nearest = headwater_schema::nearest(text, known.iter().map(String::as_str));
    nearest.map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default()
}

fn contracts(revision: &Revision, name: &str) -> Result<Contracts, SchemaError> {
    let json = |source| SchemaError::Json { what: name.to_owned(), source };
    Ok(Contracts {
        serialize: revision.serialize.schema().map_err(json)?,
        deserialize: revision.deserialize.schema().map_err(json)?,
    })
}
