use std::io::Write;
use std::path::Path;

use askama::Template as _;
use clap::Args;

use super::NewError;
use super::crate_name::CrateName;
use super::draft::Draft;
use super::known_event::{KnownEvent, imports};
use super::manifest::CrateManifest;
use super::rust_source::formatted;
use super::service::{new_findings, write_refusal, write_report};
use super::site::Site;
use super::template::templates;
use super::words::{article, list, pascal, spaced};
use crate::schema::{Outcome, Project, SchemaError};

#[derive(Debug, Args)]
pub(crate) struct NewSubscriber {
    /// The service's name, which is its crate's: lower-case words with hyphens between them
    name: String,

    /// An event that it reads, with its version, as in flights.flight.departed@2; name several with several --on
    #[arg(long, value_name = "EVENT@VERSION", required = true)]
    on: Vec<String>,

    /// The team that answers for it; without this, change it in the contract
    #[arg(long, value_name = "TEAM")]
    owner: Option<String>,
}

/// A subscriber to be.
struct Subscriber {
    name: String,
    ident: String,
    type_name: String,
    owner: String,
    about: String,
    /// What it has a row for each of: `flight`, `flight and airport`.
    rows: String,
    imports: Vec<String>,
    events: Vec<KnownEvent>,
    aggregates: Vec<Counted>,
}

/// An aggregate whose events are counted, in a table of its own.
struct Counted {
    ident: String,
    type_name: String,
    words: String,
    article: &'static str,
    /// The type of one of its events.
    first: String,
    /// The function of the test that makes that event.
    sample: String,
    /// How many kinds of events are counted.
    events: usize,
}

templates! { Subscriber:
    ContractText = "new/subscriber/contract.toml.txt",
    Lib = "new/subscriber/lib.rs.txt",
    Main = "new/subscriber/main.rs.txt",
    Projection = "new/subscriber/projection.rs.txt",
    Test = "new/subscriber/test.rs.txt",
}

impl NewSubscriber {
    pub(super) fn run(&self, project: &Project, out: &mut impl Write) -> Result<Outcome, SchemaError> {
        let site = Site::of(project)?;
        let name = site.free(&self.name, Path::new("subscribers"))?;
        let events = site.events(&self.on)?;
        one_domain(&events)?;
        let subscriber = Subscriber::new(&name, self.owner.as_deref(), events)?;
        let folder = Path::new("subscribers").join(name.as_str());
        let contract = ContractText(&subscriber).render().map_err(NewError::from)?;
        let findings = new_findings(&site, &folder.join("contract.toml"), &contract);
        if findings.iter().any(headwater_schema::Finding::is_error) {
            return Ok(write_refusal(&findings, out)?);
        }
        let draft = subscriber.draft(&site, &folder, contract)?;
        draft.write(&site.root)?;
        let mut notes: Vec<String> =
            findings.iter().map(|finding| format!("note: {}", finding.message)).collect();
        if self.owner.is_none() {
            notes.push(format!(
                "name the team that answers for it as `owner` in {}",
                folder.join("contract.toml").display()
            ));
        }
        write_report(
            &draft,
            &notes,
            &[format!("cargo test -p {name}"), "headwater schema graph".to_owned()],
            out,
        )?;
        Ok(Outcome::Fine)
    }
}

impl Subscriber {
    fn new(name: &CrateName, owner: Option<&str>, events: Vec<KnownEvent>) -> Result<Self, NewError> {
        let (name, ident, type_name) = (name, name.ident(), name.type_name());
        Site::distinct(name, std::slice::from_ref(&type_name), &events)?;
        let mut aggregates: Vec<Counted> = Vec::new();
        for event in &events {
            match aggregates.iter_mut().find(|counted| counted.ident == event.aggregate) {
                Some(counted) => counted.events += 1,
                None => aggregates.push(Counted::new(event)),
            }
        }
        let rows = list(&aggregates.iter().map(|counted| counted.words.clone()).collect::<Vec<_>>());
        let names: Vec<String> = events.iter().map(|event| event.event.name.to_string()).collect();
        Ok(Self {
            about: format!("Counts {} for each {rows}", list(&names)),
            imports: imports(&events),
            owner: owner.unwrap_or(name.as_str()).to_owned(),
            name: name.to_string(),
            ident,
            type_name,
            rows,
            events,
            aggregates,
        })
    }

    fn draft(&self, site: &Site, folder: &Path, contract: String) -> Result<Draft, NewError> {
        let packages: Vec<String> = self.events.iter().map(|event| site.package(&event.krate)).collect();
        let mut dependencies = vec![(site.gate.as_str(), &[][..]), ("headwater-subscriber", &[])];
        dependencies.extend(packages.iter().map(|package| (package.as_str(), &[][..])));
        dependencies.dedup();
        let manifest = CrateManifest {
            name: &self.name,
            description: &self.about,
            folder,
            dependencies,
            dev_dependencies: vec![("headwater-subscriber", &["testkit"]), ("serde_json", &[])],
        };
        let mut draft = Draft::default();
        let mut root = site.manifest.clone();
        root.add_member(folder);
        draft.change("Cargo.toml", root.before().to_owned(), root.text());
        draft.create(folder.join("Cargo.toml"), manifest.text(site)?);
        draft.create(folder.join("contract.toml"), contract);
        let mut code =
            |path: String, code: String| draft.create(folder.join(path), formatted(code, &site.root));
        code("src/lib.rs".to_owned(), Lib(self).render()?);
        code("src/main.rs".to_owned(), Main(self).render()?);
        code(format!("src/{}.rs", self.ident), Projection(self).render()?);
        code("tests/counting.rs".to_owned(), Test(self).render()?);
        Ok(draft)
    }
}

impl Counted {
    fn new(event: &KnownEvent) -> Self {
        let words = spaced(event.event.name.aggregate());
        Self {
            ident: event.aggregate.clone(),
            type_name: pascal(event.event.name.aggregate()),
            article: article(&words),
            words,
            first: event.type_name.clone(),
            sample: event.ident.clone(),
            events: 1,
        }
    }
}

/// A projection follows one stream, and a domain has one.
fn one_domain(events: &[KnownEvent]) -> Result<(), NewError> {
    let domain = |event: &KnownEvent| event.event.name.domain().to_owned();
    let mut others = events.iter().skip(1).filter(|event| domain(event) != domain(&events[0]));
    others.next().map_or(Ok(()), |other| {
        Err(NewError::Apart(format!(
            "{} and {} are of two domains, and a projection follows the stream of one; make a subscriber for each",
            events[0].event, other.event
        )))
    })
}
