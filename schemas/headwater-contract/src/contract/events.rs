use std::ops::Range;

use toml::Spanned as Toml;
use toml::de::{DeString, DeValue};

use super::reader::{Reader, in_file_order};
use crate::code::Code;
use crate::names::EventName;

impl Reader<'_> {
    /// The event that a key names; a key that names none is reported.
    pub(super) fn event_name(
        &mut self,
        key: &Toml<DeString<'_>>,
        value: &Toml<DeValue<'_>>,
    ) -> Option<EventName> {
        let error = match key.get_ref().parse() {
            Ok(name) => return Some(name),
            Err(error) => error,
        };
        let unquoted = unquoted(key, value);
        for (name, span) in &unquoted {
            let message = format!("{name} is written without quotes, which makes tables of its parts");
            self.report(Code::HW0504, Some(span.clone()), message, format!("write \"{name}\""));
        }
        if unquoted.is_empty() {
            let help = "an event's name has three parts: \"domain.aggregate.event\"".to_owned();
            self.report(Code::HW0504, Some(key.span()), error.to_string(), help);
        }
        None
    }
}

/// The events that someone meant who forgot the quotes: `flights.flight.departed = 2` is three tables to
/// TOML.
fn unquoted(key: &Toml<DeString<'_>>, value: &Toml<DeValue<'_>>) -> Vec<(String, Range<usize>)> {
    let mut names = Vec::new();
    let Some(aggregates) = value.get_ref().as_table() else { return names };
    for (aggregate, value) in in_file_order(aggregates) {
        let Some(events) = value.get_ref().as_table() else { continue };
        for (event, _) in in_file_order(events) {
            let name = format!("{}.{}.{}", key.get_ref(), aggregate.get_ref(), event.get_ref());
            if name.parse::<EventName>().is_ok() {
                names.push((name, event.span()));
            }
        }
    }
    names
}
