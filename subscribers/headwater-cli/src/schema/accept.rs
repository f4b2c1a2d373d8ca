use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use headwater_schema::registry::{Kind, Loaded, Plan, Registration, Registry};
use headwater_schema::{EventRef, Finding, render};
use serde::Serialize;
use serde_json::Value;

use super::against::rewritten_since;
use super::named::Wanted;
use super::project::Told;
use super::reply::{Reply, count, write_findings, write_json};
use super::{Outcome, Project, SchemaError};

#[derive(Debug, Args)]
pub(crate) struct Accept {
    /// Only these events: flights.flight.departed, or one version of it, flights.flight.departed@2
    #[arg(value_name = "EVENT")]
    events: Vec<String>,

    /// Only say what would be registered
    #[arg(long)]
    dry_run: bool,

    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Reply::Text)]
    format: Reply,
}

/// The result, for programs.
#[derive(Serialize)]
struct Accepted<'p> {
    dry_run: bool,
    registered: Vec<Registered<'p>>,
    refused: Vec<Value>,
}

#[derive(Serialize)]
struct Registered<'p> {
    event: &'p EventRef,
    revision: u32,
    kind: &'static str,
    files: Vec<&'p PathBuf>,
}

impl Accept {
    pub(super) fn run(&self, project: &Project, out: &mut impl Write) -> Result<Outcome, SchemaError> {
        let told = project.ask()?;
        let plan = self.plan(&told)?;
        let is_refused = !plan.refusals.is_empty();
        if !is_refused && !self.dry_run {
            plan.write(&told.setup.root)?;
        }
        match self.format {
            Reply::Json => self.write_json(&plan, out)?,
            Reply::Text => self.write_text(&plan, out)?,
        }
        Ok(if is_refused { Outcome::Violation } else { Outcome::Fine })
    }

    fn plan(&self, told: &Told) -> Result<Plan, SchemaError> {
        let wanted: Vec<Wanted> =
            self.events.iter().map(|event| Wanted::parse(event, &told.snapshot)).collect::<Result<_, _>>()?;
        let others = told.check()?;
        let is_meant = |event: &EventRef| {
            others.is_own(event) && (wanted.is_empty() || wanted.iter().any(|wanted| wanted.means(event)))
        };
        let directory = &told.setup.registry;
        if !told.setup.registry_dir().join("registry.toml").exists() {
            return Ok(Plan::beginning(directory, &told.snapshot, is_meant));
        }
        let Loaded { registry, findings } = match Registry::load(&told.setup.root, directory) {
            Ok(loaded) => loaded,
            Err(finding) => return Ok(refused(vec![*finding])),
        };
        // What is damaged must be repaired first: nothing can be said about what comes after it.
        if !findings.is_empty() {
            return Ok(refused(findings));
        }
        // A version whose files are gone would look new. Without a history nobody can tell.
        if let Ok(rewritten) = rewritten_since("HEAD", &told.setup)
            && !rewritten.is_empty()
        {
            return Ok(refused(rewritten));
        }
        Ok(Plan::new(&registry, &told.snapshot, is_meant))
    }

    fn write_text(&self, plan: &Plan, out: &mut impl Write) -> Result<(), SchemaError> {
        write_findings(&plan.refusals, Reply::Text, out)?;
        if !plan.refusals.is_empty() {
            writeln!(out, "nothing was registered: {}", count(plan.refusals.len(), "refusal"))?;
            return Ok(());
        }
        let verb = if self.dry_run { "would register" } else { "registered" };
        if let Some((path, _)) = &plan.settings {
            writeln!(out, "{} {}", if self.dry_run { "would begin" } else { "began" }, path.display())?;
        }
        for registration in &plan.registrations {
            writeln!(out, "{verb} {}, {}", registration.event, why(registration))?;
            for (path, _) in &registration.files {
                writeln!(out, "  {}", path.display())?;
            }
        }
        match (plan.is_empty(), self.dry_run) {
            (true, _) => writeln!(out, "everything is registered as it is")?,
            (false, false) => writeln!(out, "commit these files with the change of the types")?,
            (false, true) => {}
        }
        Ok(())
    }

    fn write_json(&self, plan: &Plan, out: &mut impl Write) -> Result<(), SchemaError> {
        let registered = plan.registrations.iter().map(|registration| Registered {
            event: &registration.event,
            revision: registration.revision,
            kind: kind(registration.kind),
            files: registration.files.iter().map(|(path, _)| path).collect(),
        });
        let refused = render::json(&plan.refusals);
        let registered = if plan.refusals.is_empty() { registered.collect() } else { Vec::new() };
        Ok(write_json(&Accepted { dry_run: self.dry_run, registered, refused }, out)?)
    }
}

fn refused(refusals: Vec<Finding>) -> Plan {
    Plan { settings: None, registrations: Vec::new(), refusals }
}

fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Version => "version",
        Kind::Compatible => "compatible",
        Kind::Wording => "wording",
    }
}

fn why(registration: &Registration) -> String {
    match registration.kind {
        Kind::Version => "a new version".to_owned(),
        Kind::Compatible => format!("revision {}: a compatible change", registration.revision),
        Kind::Wording => {
            format!("revision {}: only its documentation or the order of its fields", registration.revision)
        }
    }
}
