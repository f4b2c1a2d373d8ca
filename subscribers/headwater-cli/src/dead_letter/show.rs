use std::io::{self, Write};

use headwater_log::{DeadLetters, Discarded, Letter, ParkedLetter};
use serde::Serialize;

use crate::command_error::CommandError;
use crate::format::Format;
use crate::json_array::JsonArray;

/// What is printed as JSON.
#[derive(Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
enum Shown<'a> {
    Parked(&'a ParkedLetter),
    Discarded(&'a Discarded),
}

/// Prints all that is known of letters, a paragraph for each.
pub(super) async fn show(
    dead: &DeadLetters,
    reactor: &str,
    key: Option<&str>,
    format: Format,
    out: &mut impl Write,
) -> Result<(), CommandError> {
    let mut discarded = dead.discarded(Some(reactor)).await?;
    discarded.retain(|discarded| key.is_none_or(|key| key == discarded.letter.key));
    let letters = match super::letters(dead, reactor, key).await {
        Err(CommandError::NothingParked { .. }) if !discarded.is_empty() => Vec::new(),
        letters => letters?,
    };
    match format {
        Format::Json => {
            let mut array = JsonArray::new(out);
            letters.iter().try_for_each(|letter| array.element(&Shown::Parked(letter)))?;
            discarded.iter().try_for_each(|letter| array.element(&Shown::Discarded(letter)))?;
            Ok(array.finish()?)
        }
        Format::Table => {
            for parked in &letters {
                write_letter(&parked.letter, out)?;
                writeln!(out)?;
            }
            for Discarded { letter, why, by, discarded_at } in &discarded {
                write_letter(letter, out)?;
                writeln!(out, "  discarded    {discarded_at:.0} by {by}: {why}\n")?;
            }
            Ok(())
        }
    }
}

fn write_letter(letter: &Letter, out: &mut impl Write) -> io::Result<()> {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none: it is no event".to_owned());
    writeln!(out, "{} at sequence {} of EVT_{}", letter.key, letter.sequence, letter.domain)?;
    writeln!(out, "  event        {}", or_none(&letter.event))?;
    writeln!(out, "  type         {}", or_none(&letter.event_type))?;
    writeln!(out, "  source       {}", or_none(&letter.source))?;
    writeln!(out, "  reason       {}", letter.reason)?;
    for (index, error) in letter.errors.iter().enumerate() {
        writeln!(out, "  {}{error}", if index == 0 { "error        " } else { "  because    " })?;
    }
    let version = letter.handler_version;
    writeln!(out, "  attempts     {} by {} version {version}", letter.attempts, letter.reactor)?;
    writeln!(out, "  parked       {:.0}", letter.parked_at)
}
