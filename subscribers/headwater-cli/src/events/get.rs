use std::io::Write;

use headwater_event::Domain;
use headwater_log::Log;

use crate::command_error::CommandError;
use crate::json;

/// Prints the event at `sequence`.
pub(super) async fn get(
    log: Log,
    domain: &Domain,
    sequence: u64,
    out: &mut impl Write,
) -> Result<(), CommandError> {
    let read = log.read(domain, sequence, 1).await?;
    let Some(event) = read.into_iter().find(|event| event.sequence == sequence) else {
        let extent = match log.info(domain).await?.last {
            0 => "it has none yet".to_owned(),
            last => format!("its last one is {last}"),
        };
        return Err(CommandError::NoEvent { stream: domain.stream(), sequence, extent });
    };
    let json = event.envelope.to_json()?;
    Ok(writeln!(out, "{}", json::pretty(&String::from_utf8_lossy(&json)))?)
}
