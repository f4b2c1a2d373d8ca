use std::io::Write;
use std::path::{Path, PathBuf};

use askama::Template;
use clap::Args;
use headwater_schema::{EventName, sample};

use super::NewError;
use super::draft::Draft;
use super::event_source::Key;
use super::events_crate::EventsCrate;
use super::gate_package::add_to_gate;
use super::manifest::CrateManifest;
use super::rust_source::formatted;
use super::service::write_report;
use super::site::Site;
use super::words::{article, list, pascal, snake, spaced};
use crate::schema::{Outcome, Project, SchemaError};

#[derive(Debug, Args)]
pub(crate) struct NewEvent {
    /// The event's name: domain.aggregate.event, as in flights.flight.boarded
    #[arg(value_name = "DOMAIN.AGGREGATE.EVENT")]
    name: String,

    /// What has happened, in a sentence: the type's documentation
    #[arg(long, value_name = "SENTENCE")]
    about: Option<String>,
}

/// A type to be.
#[derive(Template)]
#[template(path = "new/event/event.rs.txt", escape = "none")]
struct EventType<'e> {
    name: &'e EventName,
    type_name: &'e str,
    about: String,
    words: String,
    key: Key,
    sample: String,
    event_type: String,
    /// The namespace, if it is another than events have by themselves.
    namespace: Option<String>,
}

/// The root of an events crate to be.
#[derive(Template)]
#[template(path = "new/event/lib.rs.txt", escape = "none")]
struct Lib<'e> {
    domain: &'e str,
    module: &'e str,
    type_name: &'e str,
}

const NAMESPACE: &str = "dev.headwater";

impl NewEvent {
    pub(super) fn run(&self, project: &Project, out: &mut impl Write) -> Result<Outcome, SchemaError> {
        let site = Site::of(project)?;
        let name: EventName = self.name.parse().map_err(|error| NewError::Event(format!("{error}")))?;
        let type_name = pascal(name.aggregate()) + &pascal(name.event());
        is_new(&site, &name, &type_name)?;
        let mut draft = Draft::default();
        let (package, file, set) = match EventsCrate::of(&site, &name) {
            Some((package, events)) => {
                let code = self.code(&site, &name, &type_name, Some(&events))?;
                let (file, set) = events.add(&mut draft, &name, &type_name, &pascal(name.event()), code)?;
                (package, file, set)
            }
            None => {
                let (package, file) = self.new_crate(&site, &mut draft, &name, &type_name)?;
                (package, file, None)
            }
        };
        let mut notes = vec![format!(
            "add the fields in {}, and say what they mean, before its schema is registered",
            file.display()
        )];
        if set.is_none() {
            notes.extend(add_to_gate(&site, &mut draft, &package, &type_name)?);
        }
        draft.write(&site.root)?;
        notes.push(left_to_do(&site, &name, &type_name, set.as_deref()));
        write_report(
            &draft,
            &notes,
            &[format!("cargo test -p {package}"), format!("headwater schema accept {name}")],
            out,
        )?;
        Ok(Outcome::Fine)
    }

    fn code(
        &self,
        site: &Site,
        name: &EventName,
        type_name: &str,
        events: Option<&EventsCrate<'_>>,
    ) -> Result<String, NewError> {
        let sibling = events.and_then(EventsCrate::sibling);
        let key = match events {
            Some(events) => events.key()?,
            None => None,
        };
        let words = spaced(name.aggregate());
        let key = key.unwrap_or_else(|| Key {
            field: snake(name.aggregate()),
            type_name: "String".to_owned(),
            import: None,
        });
        let example = sibling.map(|sibling| sample(&sibling.serialize)[&key.field].clone());
        let example = example.filter(|example| !example.is_null()).unwrap_or_else(|| "1".into());
        // All events of a system have one namespace.
        let known = sibling.or(site.types().first()).and_then(|known| {
            known.event_type.strip_suffix(&format!(".{}.v{}", known.event.name, known.event.version))
        });
        let namespace = known.unwrap_or(NAMESPACE).to_owned();
        let happened = format!("`{}` happened to {} {words}.", name.event(), article(&words));
        let template = EventType {
            name,
            type_name,
            about: self.about.as_ref().map_or(happened, |about| about.replace('\n', " ")),
            sample: format!("{{\"{}\":{example}}}", key.field),
            event_type: format!("{namespace}.{name}.v1"),
            namespace: (namespace != NAMESPACE).then_some(namespace),
            words,
            key,
        };
        Ok(template.render()?)
    }

    /// A crate for the first event of a domain.
    fn new_crate(
        &self,
        site: &Site,
        draft: &mut Draft,
        name: &EventName,
        type_name: &str,
    ) -> Result<(String, PathBuf), NewError> {
        let domain = name.domain();
        let package = site.free(&format!("{}-events", domain.replace('_', "-")), Path::new("events"))?;
        let folder = Path::new("events").join(package.as_str());
        let module = snake(&format!("{}_{}", name.aggregate(), name.event()).replace('-', "_"));
        let manifest = CrateManifest {
            name: package.as_str(),
            description: &format!("The events of the domain `{domain}`"),
            folder: &folder,
            dependencies: vec![("headwater-event", &[]), ("schemars", &[]), ("serde", &["derive"])],
            dev_dependencies: vec![("serde_json", &[])],
        };
        let file = folder.join("src").join(format!("{module}.rs"));
        let lib = Lib { domain, module: &module, type_name }.render()?;
        draft.create(folder.join("Cargo.toml"), manifest.text(site)?);
        draft.create(folder.join("src").join("lib.rs"), formatted(lib, &site.root));
        draft.create(&file, formatted(self.code(site, name, type_name, None)?, &site.root));
        let mut root = site.manifest.clone();
        root.add_member(&folder);
        root.add_dependency(package.as_str(), &folder);
        draft.change("Cargo.toml", root.before().to_owned(), root.text());
        Ok((package.to_string(), file))
    }
}

/// Neither the event nor its type may be there.
fn is_new(site: &Site, name: &EventName, type_name: &str) -> Result<(), NewError> {
    let same: Vec<_> = site.types().iter().filter(|schemas| schemas.event.name == *name).collect();
    if let Some(newest) = same.last() {
        let next = newest.event.version + 1;
        return Err(NewError::Event(format!(
            "there is {} already; for a change that its readers must follow, write a type with `version = {next}, upcasts \
             = {}` beside it",
            newest.event,
            newest.rust_type.rsplit("::").next().unwrap_or_default()
        )));
    }
    let is_called =
        |schemas: &&headwater_schema::TypeSchemas| schemas.rust_type.rsplit("::").next() == Some(type_name);
    match site.types().iter().find(is_called) {
        Some(other) => Err(NewError::TypeName {
            name: name.to_string(),
            type_name: type_name.to_owned(),
            event: other.event.clone().into(),
        }),
        None => Ok(()),
    }
}

/// What the command can't know.
fn left_to_do(site: &Site, name: &EventName, type_name: &str, set: Option<&str>) -> String {
    let of_aggregate = |service: &headwater_schema::Contract| {
        service.publishes.iter().any(|publication| {
            let published = &publication.event.name;
            published.domain() == name.domain() && published.aggregate() == name.aggregate()
        })
    };
    let services = site.checked.contracts().iter().filter(|contract| of_aggregate(contract));
    let services: Vec<String> = services.map(|contract| contract.service.name.value.clone()).collect();
    let publish = match services.as_slice() {
        [] => format!("headwater new publisher NAME --domain {} --publishes {name}@1", name.domain()),
        services => {
            let matches = match set {
                Some(set) => format!("; then the compiler shows where {set} is matched"),
                None => String::new(),
            };
            format!(
                "in {}: add `\"{name}\" = 1` to [publishes] and `{}: Publishes<{type_name}>` to the outbox, and emit \
                 it{matches}",
                list(services),
                snake(name.event())
            )
        }
    };
    format!(
        "the build of every service fails until it is\n  registered (HW0001): headwater schema accept {name}\n  \
         published (HW0202): {publish}\n  read (HW0201): headwater new subscriber NAME --on {name}@1"
    )
}
