use std::io::Write;

use headwater_log::DeadLetters;

use crate::command_error::CommandError;
use crate::format::Format;
use crate::json_array::JsonArray;
use crate::table::{Align, Table};

/// Prints what is parked, a line for each letter.
pub(super) async fn ls(
    dead: &DeadLetters,
    reactor: Option<&str>,
    format: Format,
    out: &mut impl Write,
) -> Result<(), CommandError> {
    let (letters, _) = dead.letters(reactor).await?;
    match format {
        Format::Json => {
            let mut array = JsonArray::new(out);
            letters.iter().try_for_each(|letter| array.element(letter))?;
            Ok(array.finish()?)
        }
        Format::Table => {
            let columns = [
                ("REACTOR", Align::Left),
                ("KEY", Align::Left),
                ("SEQUENCE", Align::Right),
                ("REASON", Align::Left),
                ("ATTEMPTS", Align::Right),
                ("PARKED", Align::Left),
                ("ERROR", Align::Left),
            ];
            let mut table = Table::new(out, columns);
            for parked in letters {
                let letter = parked.letter;
                table.row([
                    letter.reactor,
                    letter.key,
                    letter.sequence.to_string(),
                    letter.reason.to_string(),
                    letter.attempts.to_string(),
                    format!("{:.0}", letter.parked_at),
                    letter.errors.last().cloned().unwrap_or_default(),
                ])?;
            }
            Ok(table.finish()?)
        }
    }
}
