mod ask;
mod ls;
mod show;

use std::io::Write;

use clap::{Args, Subcommand};
use headwater_log::service::Connection;
use headwater_log::{DeadLetters, JetStreamConfig, JetStreamLog, ParkedLetter};

use crate::command_error::CommandError;
use crate::format::Format;

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetterCommand {
    /// List what is parked
    Ls {
        /// Only what this reactor has parked
        reactor: Option<String>,

        /// How the letters are printed
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Print all that is known of what is parked, and of what was discarded
    Show {
        /// The reactor's name
        reactor: String,

        /// Only this key, as `ls` prints it
        key: Option<String>,

        /// How the letters are printed
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
    /// Ask a reactor to attempt what is parked once more, in order
    ///
    /// It does so as soon as it runs. A letter is removed when its effect is done; asking twice does nothing twice.
    Redrive {
        /// The reactor's name
        reactor: String,

        /// Only this key, as `ls` prints it
        key: Option<String>,

        #[command(flatten)]
        by: By,
    },
    /// Ask a reactor to drop a letter; its effect is never done, and the reason is kept
    Discard {
        /// The reactor's name
        reactor: String,

        /// The key, as `ls` prints it
        key: String,

        /// The event's sequence
        sequence: u64,

        /// Why the effect needn't be done
        #[arg(long, value_name = "TEXT")]
        reason: String,

        #[command(flatten)]
        by: By,
    },
}

/// Who asks.
#[derive(Debug, Args)]
pub(crate) struct By {
    /// Who asks, for those who look later
    #[arg(long, value_name = "NAME", env = "USER", default_value = "an operator")]
    by: String,
}

impl DeadLetterCommand {
    pub(crate) async fn run(
        &self,
        connection: &Connection,
        out: &mut impl Write,
    ) -> Result<(), CommandError> {
        let (client, denials) = connection.connect_watched("headwater").await?;
        let dead = JetStreamLog::watched(client, denials, JetStreamConfig::default()).dead_letters();
        match self {
            Self::Ls { reactor, format } => ls::ls(&dead, reactor.as_deref(), *format, out).await,
            Self::Show { reactor, key, format } => {
                show::show(&dead, reactor, key.as_deref(), *format, out).await
            }
            Self::Redrive { reactor, key, by } => {
                ask::redrive(&dead, reactor, key.as_deref(), &by.by, out).await
            }
            Self::Discard { reactor, key, sequence, reason, by } => {
                ask::discard(&dead, reactor, (key, *sequence), reason, &by.by, out).await
            }
        }
    }
}

/// What a reactor has parked, of one key or of all; that there is nothing is an error.
async fn letters(
    dead: &DeadLetters,
    reactor: &str,
    key: Option<&str>,
) -> Result<Vec<ParkedLetter>, CommandError> {
    let (mut letters, _) = dead.letters(Some(reactor)).await?;
    letters.retain(|parked| key.is_none_or(|key| key == parked.letter.key));
    if letters.is_empty() {
        let key = key.map(|key| format!(" of the key {key}")).unwrap_or_default();
        return Err(CommandError::NothingParked { reactor: reactor.to_owned(), key });
    }
    Ok(letters)
}
