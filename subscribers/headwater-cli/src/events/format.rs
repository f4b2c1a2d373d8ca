use std::fmt::Write as _;
use std::io::Write;

use clap::ValueEnum;
use headwater_log::StoredEvent;
use serde_json::value::RawValue;

use crate::command_error::CommandError;
use crate::json;

/// How events are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Sequence, time, type, subject and data, for people
    Line,
    /// One CloudEvent (structured mode) on each line
    Json,
}

impl Format {
    /// Prints an event.
    pub(super) fn write(self, event: &StoredEvent, out: &mut impl Write) -> Result<(), CommandError> {
        let line = match self {
            Self::Line => line(event),
            Self::Json => json::compact(&String::from_utf8_lossy(&event.envelope.to_json()?)),
        };
        Ok(writeln!(out, "{line}")?)
    }
}

fn line(event: &StoredEvent) -> String {
    let envelope = &event.envelope;
    let time = envelope.time().unwrap_or(event.stored_at);
    // The stream has said the domain, and who defines the event is of no interest here.
    let event_type = match envelope.event_type() {
        Ok(event_type) => format!("{}.{}.v{}", event_type.aggregate, event_type.name, event_type.version),
        Err(_) => envelope.type_name().to_owned(),
    };
    let data = match (serde_json::from_slice::<&RawValue>(envelope.data()), envelope.data_content_type()) {
        (Ok(data), _) => json::compact(data.get()),
        (Err(_), _) if envelope.data().is_empty() => "(no data)".to_owned(),
        (Err(_), media_type) => {
            format!("({} bytes of {})", envelope.data().len(), media_type.unwrap_or("an unknown type"))
        }
    };
    let mut line = format!("{:>8}  {time}  {event_type:<20}  ", event.sequence);
    // What would move a terminal's cursor is shown as JSON escapes it.
    for character in format!("{}  {data}", envelope.subject().unwrap_or("-")).chars() {
        if character.is_control() {
            // Writing to a string can't fail.
            let _ = write!(line, "\\u{:04x}", u32::from(character));
        } else {
            line.push(character);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use headwater_event::{Envelope, EnvelopeBuilder};

    use super::*;

    fn shown(event: EnvelopeBuilder) -> String {
        let stored_at = "2026-01-01T00:00:00Z".parse().unwrap();
        line(&StoredEvent { sequence: 42, stored_at, envelope: event.build().unwrap() })
    }

    #[test]
    fn shows_our_events_without_what_the_stream_says() {
        let event = Envelope::builder("1", "/till", "org.example.orders.order.paid.v2")
            .subject("7")
            .time("2013-01-01T10:00:00.5Z".parse().unwrap())
            .data("application/json", "{ \"cents\" : 300 }");
        let expected = "      42  2013-01-01T10:00:00.5Z  order.paid.v2         7  {\"cents\":300}";
        assert_eq!(shown(event), expected);
    }

    #[test]
    fn shows_whatever_else_can_be_in_a_stream() {
        let event = || Envelope::builder("1", "/till", "paid");
        let head = "      42  2026-01-01T00:00:00Z  paid                  -  ";
        for (event, data) in [
            (event(), "(no data)"),
            (event().data("text/plain", "hi"), "(2 bytes of text/plain)"),
            (event().data("application/json", "\"\u{9b}2J\""), "\"\\u009b2J\""),
        ] {
            assert_eq!(shown(event), format!("{head}{data}"));
        }
    }
}
