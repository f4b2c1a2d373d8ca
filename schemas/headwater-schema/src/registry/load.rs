use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use headwater_contract::{Code, EventRef, Finding, Place};

use super::canonical::{has_its_digest, is_document_of};
use super::layout::Location;
use super::settings::{self, Settings};
use super::{Document, Registry, Revision, Side};

/// A registry, and what is wrong with its files.
#[derive(Debug)]
pub struct Loaded {
    /// All that could be read.
    pub registry: Registry,
    /// Files that are edited, missing, misplaced or unreadable.
    pub findings: Vec<Finding>,
}

type Documents = BTreeMap<EventRef, BTreeMap<(u32, Side), Document>>;

impl Registry {
    /// Reads the registry in `directory`, which is below `root`; findings show paths below `root`.
    ///
    /// # Errors
    ///
    /// A finding when there is no registry, or `registry.toml` can't be read: then nothing is known.
    pub fn load(root: &Path, directory: &Path) -> Result<Loaded, Box<Finding>> {
        let file = directory.join(settings::FILE);
        let text =
            fs::read_to_string(root.join(&file)).map_err(|error| Box::new(no_registry(&file, &error)))?;
        let settings = Settings::parse(&file, &text)?;
        let mut registry = Self::empty(directory.to_owned(), settings.compatibility, settings.namespace);
        let mut findings = Vec::new();
        let mut documents = Documents::new();
        let mut files = Vec::new();
        list(&root.join(directory), Path::new(""), &mut files, &mut findings);
        for path in files {
            registry.read(root, &path, &mut documents, &mut findings);
        }
        for (event, documents) in documents {
            registry.add(event, documents, &mut findings);
        }
        Ok(Loaded { registry, findings })
    }

    fn read(&mut self, root: &Path, path: &Path, documents: &mut Documents, findings: &mut Vec<Finding>) {
        let shown = self.directory.join(path);
        let Some(location) = Location::of(path) else {
            findings.push(misplaced(shown));
            return;
        };
        let Location { event, revision, side } = location;
        match fs::read_to_string(root.join(&shown)) {
            Ok(text) if has_its_digest(&text) && is_document_of(&text, &self.event_type(&event), side) => {
                let document = Document { path: shown, text: text.into() };
                documents.entry(event).or_default().insert((revision, side), document);
            }
            Ok(text) => {
                let is_whole = has_its_digest(&text);
                findings.push(if is_whole { copied(shown, &event) } else { edited(shown, &event, text) });
                self.damaged.insert(event);
            }
            Err(error) => {
                findings.push(unreadable(shown, &error));
                self.damaged.insert(event);
            }
        }
    }

    /// Puts documents together to revisions: both sides of each, and none left out.
    fn add(
        &mut self,
        event: EventRef,
        mut documents: BTreeMap<(u32, Side), Document>,
        findings: &mut Vec<Finding>,
    ) {
        let count = documents.keys().map(|(revision, _)| revision + 1).max().unwrap_or(0);
        let mut revisions = Vec::new();
        for number in 0..count {
            let [serialize, deserialize] = Side::BOTH.map(|side| documents.remove(&(number, side)));
            if let (Some(serialize), Some(deserialize)) = (serialize, deserialize) {
                revisions.push(Revision { number, serialize, deserialize });
                continue;
            }
            // What is edited is there, and was reported.
            if self.damaged.insert(event.clone()) {
                findings.push(gone(&self.directory, &event, number));
            }
            break;
        }
        self.events.insert(event, revisions);
    }
}

/// All files below a directory in a fixed order, but for those that no registry minds.
fn list(root: &Path, below: &Path, files: &mut Vec<PathBuf>, findings: &mut Vec<Finding>) {
    let entries = fs::read_dir(root.join(below)).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => return findings.push(unreadable(root.join(below), &error)),
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = below.join(entry.file_name());
        let is_top = below.as_os_str().is_empty();
        let is_own = is_top && (path.as_os_str() == settings::FILE || path.as_os_str() == "README.md");
        if is_own || entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        // A link is no directory: it may lead back here.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            list(root, &path, files, findings);
        } else {
            files.push(path);
        }
    }
}

fn no_registry(file: &Path, error: &io::Error) -> Finding {
    if error.kind() == io::ErrorKind::NotFound {
        return Finding::new(Code::HW0005, "there is no schema registry")
            .at(Place::file(file))
            .help("run `headwater schema accept`: it begins one with the events that there are");
    }
    unreadable(file.to_owned(), error)
}

fn unreadable(path: PathBuf, error: &io::Error) -> Finding {
    Finding::new(Code::HW0005, format!("a registered schema can't be read: {error}")).at(Place::file(path))
}

fn misplaced(path: PathBuf) -> Finding {
    Finding::new(Code::HW0005, "this file is no registered schema")
        .at(Place::file(path))
        .note("a registry holds <domain>/<aggregate>/<event>/v<version>[.<revision>].{ser,de}.json")
        .help("move it out of the registry; schemas are registered with `headwater schema accept`")
}

fn edited(path: PathBuf, event: &EventRef, text: String) -> Finding {
    let restore = format!("restore the file with `git checkout -- {}`", path.display());
    let conflict = text.lines().any(|line| line.starts_with("<<<<<<< "));
    let finding = Finding::new(Code::HW0003, format!("the registered schema of {event} was edited by hand"));
    let (note, help) = if conflict {
        (
            "two branches have changed the same event",
            "keep the file of the branch that was merged first, then run `headwater schema accept` for the other"
                .to_owned(),
        )
    } else {
        (
            "what was registered is what events in the streams look like; its digest doesn't match any more",
            format!("{restore}, and change the Rust type instead"),
        )
    };
    let digest =
        text.find(super::canonical::DIGEST).map(|start| start..start + super::canonical::DIGEST.len());
    let place = match digest {
        Some(span) => Place::span(path, text.into(), span),
        None => Place::file(path),
    };
    finding.at(place).note(note).help(help)
}

fn copied(path: PathBuf, event: &EventRef) -> Finding {
    Finding::new(Code::HW0005, format!("this file is not a schema of {event}, as its place says"))
        .at(Place::file(path))
        .note("its `$id` names the event, the version and the side to which it belongs")
        .help("remove the copy, and run `headwater schema accept`")
}

fn gone(directory: &Path, event: &EventRef, revision: u32) -> Finding {
    let missing = Side::BOTH.map(|side| {
        let location = Location { event: event.clone(), revision, side };
        directory.join(location.path())
    });
    let [serialize, deserialize] = missing.map(|path| path.display().to_string());
    Finding::new(Code::HW0003, format!("registered schemas of {event} are gone"))
        .at(Place::file(directory))
        .note(format!("{serialize} and {deserialize} belong together, and revisions have no gaps"))
        .help("restore them with `git checkout`: events that were written with them are still in the streams")
}
