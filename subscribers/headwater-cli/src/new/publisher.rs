use std::io::Write;
use std::path::Path;

use askama::Template as _;
use clap::Args;
use headwater_schema::{Code, Finding};

use super::NewError;
use super::crate_name::CrateName;
use super::draft::Draft;
use super::known_event::{KnownEvent, imports};
use super::manifest::CrateManifest;
use super::rust_source::formatted;
use super::service::{new_findings, write_refusal, write_report};
use super::site::Site;
use super::template::templates;
use super::words::{article, list, pascal, snake, spaced};
use crate::schema::{Outcome, Project, SchemaError};

#[derive(Debug, Args)]
pub(crate) struct NewPublisher {
    /// The service's name, which is its crate's: lower-case words with hyphens between them
    name: String,

    /// The domain to which it belongs; it may publish only events of this domain
    #[arg(long)]
    domain: String,

    /// An event that it publishes, with its version, as in flights.flight.departed@2; name several with several
    /// --publishes
    #[arg(long, value_name = "EVENT@VERSION", required = true)]
    publishes: Vec<String>,

    /// The team that answers for it; without this, change it in the contract
    #[arg(long, value_name = "TEAM")]
    owner: Option<String>,
}

/// A publisher to be.
struct Publisher {
    name: String,
    ident: String,
    owner: String,
    domain: String,
    about: String,
    /// The aggregate's type: `Flight`.
    aggregate: String,
    words: String,
    article: &'static str,
    /// The file with its records.
    records: String,
    imports: Vec<String>,
    events: Vec<KnownEvent>,
}

templates! { Publisher:
    ContractText = "new/publisher/contract.toml.txt",
    Lib = "new/publisher/lib.rs.txt",
    Main = "new/publisher/main.rs.txt",
    Command = "new/publisher/command.rs.txt",
    Decide = "new/publisher/decide.rs.txt",
    Event = "new/publisher/event.rs.txt",
    Feed = "new/publisher/feed.rs.txt",
    Outbox = "new/publisher/outbox.rs.txt",
    Rejection = "new/publisher/rejection.rs.txt",
    State = "new/publisher/state.rs.txt",
    Test = "new/publisher/test.rs.txt",
}

impl NewPublisher {
    pub(super) fn run(&self, project: &Project, out: &mut impl Write) -> Result<Outcome, SchemaError> {
        let site = Site::of(project)?;
        let name = site.free(&self.name, Path::new("publishers"))?;
        let events = site.events(&self.publishes)?;
        self.fit(&events)?;
        let publisher = Publisher::new(&name, self.owner.as_deref(), events)?;
        let folder = Path::new("publishers").join(name.as_str());
        let contract = ContractText(&publisher).render().map_err(NewError::from)?;
        let mut findings = new_findings(&site, &folder.join("contract.toml"), &contract);
        // Every event begins without a reader; what to do then is said below.
        findings.retain(|finding| finding.code != Code::HW0201);
        if findings.iter().any(Finding::is_error) {
            return Ok(write_refusal(&findings, out)?);
        }
        let draft = publisher.draft(&site, &folder, contract)?;
        let unread = publisher.unread(&site);
        let notes = publisher.notes(
            &site,
            &findings,
            &unread,
            self.owner.is_none().then_some(&folder.join("contract.toml")),
        );
        draft.write(&site.root)?;
        let test = format!("cargo test -p {name}");
        let next = match unread.as_slice() {
            [] => [test, "headwater schema graph".to_owned()],
            unread => [format!("headwater new subscriber NAME --on {}", unread.join(" --on ")), test],
        };
        write_report(&draft, &notes, &next, out)?;
        Ok(Outcome::Fine)
    }

    fn fit(&self, events: &[KnownEvent]) -> Result<(), NewError> {
        let apart = |message: String| Err(NewError::Apart(message));
        let mut names = events.iter().map(|event| &event.event.name);
        if let Some(name) = names.find(|name| name.domain() != self.domain) {
            return apart(format!(
                "{name} is of the domain {}, and a service publishes events of its own domain only; use --domain {}, or \
                 an event of {}",
                name.domain(),
                name.domain(),
                self.domain
            ));
        }
        let first = &events[0];
        let other = events.iter().find(|event| event.event.name.aggregate() != first.event.name.aggregate());
        other.map_or(Ok(()), |other| {
            apart(format!(
                "{} and {} happen to different aggregates, and a decider decides on one; make a publisher for each, or \
                 add the second decider by hand",
                first.event, other.event
            ))
        })
    }
}

impl Publisher {
    fn new(name: &CrateName, owner: Option<&str>, events: Vec<KnownEvent>) -> Result<Self, NewError> {
        let of = events[0].event.name.clone();
        let aggregate = pascal(of.aggregate());
        let types = ["", "Command", "Event", "Feed", "Outbox", "Rejection"]
            .map(|suffix| format!("{aggregate}{suffix}"));
        Site::distinct(name, &types, &events)?;
        let names: Vec<String> = events.iter().map(|event| event.event.name.to_string()).collect();
        let words = spaced(of.aggregate());
        Ok(Self {
            name: name.to_string(),
            ident: name.ident(),
            owner: owner.unwrap_or(name.as_str()).to_owned(),
            domain: of.domain().to_owned(),
            about: format!("Publishes {}", list(&names)),
            aggregate,
            article: article(&words),
            words,
            records: format!("{}.csv", snake(of.aggregate())),
            imports: imports(&events),
            events,
        })
    }

    fn draft(&self, site: &Site, folder: &Path, contract: String) -> Result<Draft, NewError> {
        let packages: Vec<String> = self.events.iter().map(|event| site.package(&event.krate)).collect();
        let mut dependencies: Vec<(&str, &[&str])> = vec![
            (&site.gate, &[]),
            ("headwater-event", &[]),
            ("headwater-publisher", &[]),
            ("jiff", &["serde"]),
            ("serde", &["derive"]),
            ("serde_json", &[]),
            ("thiserror", &[]),
        ];
        dependencies.extend(packages.iter().map(|package| (package.as_str(), &[][..])));
        dependencies.sort_unstable();
        dependencies.dedup();
        let manifest = CrateManifest {
            name: &self.name,
            description: &self.about,
            folder,
            dependencies,
            dev_dependencies: vec![("headwater-publisher", &["testkit"])],
        };
        let mut draft = Draft::default();
        let mut root = site.manifest.clone();
        root.add_member(folder);
        draft.change("Cargo.toml", root.before().to_owned(), root.text());
        draft.create(folder.join("Cargo.toml"), manifest.text(site)?);
        draft.create(folder.join("contract.toml"), contract);
        draft.create(folder.join("records").join(&self.records), self.rows());
        for (file, code) in [
            ("src/lib.rs", Lib(self).render()?),
            ("src/main.rs", Main(self).render()?),
            ("src/command.rs", Command(self).render()?),
            ("src/decide.rs", Decide(self).render()?),
            ("src/event.rs", Event(self).render()?),
            ("src/feed.rs", Feed(self).render()?),
            ("src/outbox.rs", Outbox(self).render()?),
            ("src/rejection.rs", Rejection(self).render()?),
            ("src/state.rs", State(self).render()?),
            ("tests/deciding.rs", Test(self).render()?),
        ] {
            draft.create(folder.join(file), formatted(code, &site.root));
        }
        Ok(draft)
    }

    /// An example of each event, as CSV.
    fn rows(&self) -> String {
        let row = |(number, event): (usize, &KnownEvent)| {
            let data = event.sample.replace('"', "\"\"");
            format!(
                "{},2013-01-01T06:00:{:02}Z,{},\"{data}\"\n",
                number + 1,
                number % 60,
                event.event.name.event()
            )
        };
        "id,time,event,data\n".to_owned() + &self.events.iter().enumerate().map(row).collect::<String>()
    }

    /// The events that nobody reads.
    fn unread(&self, site: &Site) -> Vec<String> {
        let unread = self.events.iter().filter(|event| site.readers(&event.event.name).is_empty());
        unread.map(|event| event.event.to_string()).collect()
    }

    fn notes(
        &self,
        site: &Site,
        findings: &[Finding],
        unread: &[String],
        unowned: Option<&std::path::PathBuf>,
    ) -> Vec<String> {
        let mut notes: Vec<String> =
            findings.iter().map(|finding| format!("note: {}", finding.message)).collect();
        for event in &self.events {
            for (service, version) in site.publishers(&event.event.name) {
                let name = &event.event.name;
                notes.push(format!(
                    "note: {service} publishes {name}@{version} too; make sure that they never decide on the same {}",
                    self.words
                ));
            }
        }
        if !unread.is_empty() {
            let (read, it) = if unread.len() == 1 { ("is read", "it") } else { ("are read", "them") };
            notes.push(format!(
                "{} {read} by nobody yet, so the build fails with HW0201 until a service reads {it}: make one with \
                 `headwater new subscriber`, or subscribe in the contract of one that is there",
                list(unread)
            ));
        }
        if let Some(contract) = unowned {
            notes.push(format!("name the team that answers for it as `owner` in {}", contract.display()));
        }
        notes.push(format!(
            "`record` is the only command so far: decide in publishers/{}/src/decide.rs",
            self.name
        ));
        notes
    }
}
