use std::ops::Range;

use toml::Spanned as Toml;
use toml::de::{DeString, DeValue};

use super::model::{Exemption, External, Publication, Spanned};
use super::reader::{Reader, in_file_order};
use crate::code::Code;
use crate::names::EventName;

pub(super) fn read(
    reader: &mut Reader<'_>,
    (_, section): (&Toml<DeString<'_>>, &Toml<DeValue<'_>>),
) -> Vec<Publication> {
    let mut publications: Vec<Publication> = Vec::new();
    let help = "write a line for each event: \"domain.aggregate.event\" = 1".to_owned();
    let Some(table) = reader.table(section, "[publishes]", help) else { return publications };
    for (key, value) in in_file_order(table) {
        let Some(name) = reader.event_name(key, value) else { continue };
        let entry = Entry { name, name_span: key.span() };
        match value.get_ref() {
            DeValue::Array(versions) => {
                if versions.is_empty() {
                    let message = format!("{} is published in no version", entry.name);
                    let help = "name a version, or remove the line".to_owned();
                    reader.report(Code::HW0504, Some(value.span()), message, help);
                }
                let start = publications.len();
                for version in versions.iter() {
                    let Some(publication) = entry.publication(reader, version, version.span()) else {
                        continue;
                    };
                    if publications[start..].iter().any(|other| other.event == publication.event) {
                        let message = format!("{} is named twice", publication.event);
                        let help = "name each version once".to_owned();
                        reader.report(Code::HW0505, Some(publication.span), message, help);
                    } else {
                        publications.push(publication);
                    }
                }
            }
            _ => publications.extend(entry.publication(reader, value, key.span())),
        }
    }
    publications
}

struct Entry {
    name: EventName,
    name_span: Range<usize>,
}

impl Entry {
    /// A version alone, or a table with what else is to be said about it.
    fn publication(
        &self,
        reader: &mut Reader<'_>,
        value: &Toml<DeValue<'_>>,
        span: Range<usize>,
    ) -> Option<Publication> {
        let mut publication = Publication {
            event: self.name.at(0),
            span: span.clone(),
            name_span: self.name_span.clone(),
            unused_ok: None,
            external: None,
            sunset: None,
        };
        if value.get_ref().is_table() {
            let keys = ["version", "unused_ok", "external", "sunset"];
            let fields = reader.fields(value, span, &keys, self.name.to_string())?;
            let version = fields.required(reader, "version", "version = 1");
            publication.unused_ok =
                fields.optional("unused_ok").and_then(|(key, value)| exemption(reader, key.span(), value));
            publication.external =
                fields.optional("external").and_then(|(key, value)| external(reader, key.span(), value));
            publication.sunset = fields.optional("sunset").and_then(|(_, value)| {
                reader.date(value, "sunset").map(|date| Spanned { value: date, span: value.span() })
            });
            publication.event.version = reader.version(version?.1)?;
        } else {
            publication.event.version = reader.version(value)?;
        }
        Some(publication)
    }
}

fn exemption(reader: &mut Reader<'_>, span: Range<usize>, value: &Toml<DeValue<'_>>) -> Option<Exemption> {
    let fields = reader.fields(value, span.clone(), &["reason", "until"], "`unused_ok`".to_owned())?;
    let reason = fields
        .required(reader, "reason", "reason = \"...\": why it may have no reader for now")
        .and_then(|(_, value)| reader.text(value, "reason"));
    let until = fields
        .required(reader, "until", "until = \"2027-03-01\": the last day on which that holds")
        .and_then(|(_, value)| reader.date(value, "until"));
    Some(Exemption { reason: reason?, until: until?, span: span.start..value.span().end })
}

fn external(reader: &mut Reader<'_>, span: Range<usize>, value: &Toml<DeValue<'_>>) -> Option<External> {
    let fields = reader.fields(value, span.clone(), &["owner", "until"], "`external`".to_owned())?;
    let owner = fields
        .required(reader, "owner", "owner = \"...\": who reads it outside this repository")
        .and_then(|(_, value)| reader.text(value, "owner"));
    let until = fields
        .required(reader, "until", "until = \"2027-03-01\": the day by which to ask them again")
        .and_then(|(_, value)| reader.date(value, "until"));
    Some(External { owner: owner?, until: until?, span: span.start..value.span().end })
}
