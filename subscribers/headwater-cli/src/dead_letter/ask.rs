use std::io::Write;

use headwater_log::{Ask, DeadLetters};
use jiff::Timestamp;

use crate::command_error::CommandError;

/// Asks for another attempt.
pub(super) async fn redrive(
    dead: &DeadLetters,
    reactor: &str,
    key: Option<&str>,
    by: &str,
    out: &mut impl Write,
) -> Result<(), CommandError> {
    let letters = super::letters(dead, reactor, key).await?.len();
    let ask = Ask::Redrive { key: key.map(str::to_owned), by: by.to_owned(), at: Timestamp::now() };
    dead.ask(reactor, &ask).await?;
    writeln!(out, "asked {reactor} to re-drive {}; it begins when it runs", count(letters))?;
    Ok(())
}

/// Asks to drop a letter.
pub(super) async fn discard(
    dead: &DeadLetters,
    reactor: &str,
    (key, sequence): (&str, u64),
    reason: &str,
    by: &str,
    out: &mut impl Write,
) -> Result<(), CommandError> {
    let letters = super::letters(dead, reactor, Some(key)).await?;
    if !letters.iter().any(|parked| parked.letter.sequence == sequence) {
        let key = format!(" at sequence {sequence} of the key {key}");
        return Err(CommandError::NothingParked { reactor: reactor.to_owned(), key });
    }
    let ask = Ask::Discard {
        key: key.to_owned(),
        sequence,
        why: reason.to_owned(),
        by: by.to_owned(),
        at: Timestamp::now(),
    };
    dead.ask(reactor, &ask).await?;
    writeln!(out, "asked {reactor} to discard sequence {sequence} of {key}; it does when it runs")?;
    Ok(())
}

fn count(letters: usize) -> String {
    if letters == 1 { "1 letter".to_owned() } else { format!("{letters} letters") }
}
