use std::path::Path;
use std::sync::Arc;

use toml::de::{DeTable, Error};

use super::model::Contract;
use super::reader::Reader;
use super::{keeps, publishes, service, subscribes};
use crate::code::Code;
use crate::finding::Finding;
use crate::place::{Place, Position};

pub(super) fn contract(path: &Path, source: Arc<str>) -> Result<Contract, Vec<Finding>> {
    let (document, errors) = DeTable::parse_recoverable(&source);
    let mut reader = Reader::new(path, Arc::clone(&source));
    let fields =
        reader.document(document.get_ref(), &["service", "publishes", "subscribes", "keeps"], "a contract");
    let publishes = fields.optional("publishes").map(|section| publishes::read(&mut reader, section));
    let subscribes = fields.optional("subscribes").map(|section| subscribes::read(&mut reader, section));
    let keeps = fields.optional("keeps").map(|section| keeps::read(&mut reader, section));
    // The domain matters to whoever publishes, however badly.
    let service = service::read(&mut reader, &fields, publishes.is_some());
    let mut findings = reader.finish();
    if !errors.is_empty() {
        findings = with_syntax_errors(path, &source, &errors, findings);
    }
    match service {
        Some(service) if findings.is_empty() => Ok(Contract {
            path: path.to_owned(),
            source: Arc::clone(&source),
            service,
            publishes: publishes.unwrap_or_default(),
            subscribes: subscribes.unwrap_or_default(),
            keeps: keeps.unwrap_or_default(),
        }),
        _ => Err(findings),
    }
}

/// The errors of the syntax, and those of the other findings that can't be their consequence.
fn with_syntax_errors(
    path: &Path,
    source: &Arc<str>,
    errors: &[Error],
    others: Vec<Finding>,
) -> Vec<Finding> {
    let mut lines = Vec::new();
    let mut findings = Vec::new();
    for error in errors {
        let span = error.span().unwrap_or_default();
        let line = Position::of(source, span.start).line;
        // After the first error of a line the parser guesses.
        if lines.contains(&line) {
            continue;
        }
        lines.push(line);
        findings.push(syntax_error(error.message(), Place::span(path, Arc::clone(source), span)));
    }
    let own = |finding: &Finding| {
        let line = finding.place.as_ref().and_then(|place| place.start()).map(|position| position.line);
        finding.code != Code::HW0503 && line.is_some_and(|line| !lines.contains(&line))
    };
    findings.extend(others.into_iter().filter(own));
    findings
}

fn syntax_error(message: &str, place: Place) -> Finding {
    let text =
        place.excerpt.as_ref().and_then(|excerpt| excerpt.source.get(excerpt.span.clone())).unwrap_or("");
    let name = text.trim_matches(['"', '\'']).to_owned();
    let finding = if message == "duplicate key" && name.contains('.') {
        let help = format!("name it once; several published versions are a list: \"{name}\" = [1, 2]");
        Finding::new(Code::HW0505, format!("{name} is named twice")).help(help)
    } else if message == "duplicate key" {
        Finding::new(Code::HW0501, format!("this isn't TOML: the key {text} is there twice"))
            .help("keep one of them")
    } else if name.starts_with(char::is_alphabetic) {
        // To the parser a bare word is a truth value gone wrong, and it says so.
        let message =
            if message.starts_with("invalid boolean") { "a bare word is no value" } else { message };
        Finding::new(Code::HW0501, format!("this isn't TOML: {message}"))
            .help(format!("a text stands in quotes: \"{name}\""))
    } else {
        Finding::new(Code::HW0501, format!("this isn't TOML: {message}"))
    };
    finding.at(place)
}
