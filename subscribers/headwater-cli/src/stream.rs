use std::io::Write;

use clap::Subcommand;
use headwater_log::{Log, StreamInfo};
use jiff::Timestamp;
use serde::Serialize;

use crate::command_error::CommandError;
use crate::format::Format;
use crate::json_array::JsonArray;
use crate::table::{Align, Table};

#[derive(Debug, Subcommand)]
pub(crate) enum StreamCommand {
    /// List all streams of events
    Ls {
        /// How the streams are printed
        #[arg(long, value_enum, default_value_t = Format::Table)]
        format: Format,
    },
}

/// A stream, as it is printed.
#[derive(Serialize)]
struct Listed {
    domain: String,
    stream: String,
    events: u64,
    last_sequence: u64,
    created: Timestamp,
    replicas: usize,
}

impl StreamCommand {
    pub(crate) async fn run(&self, log: Log, out: &mut impl Write) -> Result<(), CommandError> {
        let Self::Ls { format } = self;
        let streams: Vec<_> = log.streams().await?.into_iter().map(Listed::from).collect();
        match format {
            Format::Table => write_table(&streams, out),
            Format::Json => {
                let mut array = JsonArray::new(out);
                streams.iter().try_for_each(|stream| array.element(stream))?;
                Ok(array.finish()?)
            }
        }
    }
}

impl From<StreamInfo> for Listed {
    fn from(info: StreamInfo) -> Self {
        Self {
            stream: info.domain.stream(),
            domain: info.domain.to_string(),
            // Nothing is ever deleted, so the last one's sequence is their number.
            events: info.last,
            last_sequence: info.last,
            created: info.created,
            replicas: info.replicas,
        }
    }
}

fn write_table(streams: &[Listed], out: &mut impl Write) -> Result<(), CommandError> {
    let mut table = Table::new(
        out,
        [
            ("DOMAIN", Align::Left),
            ("STREAM", Align::Left),
            ("EVENTS", Align::Right),
            ("LAST SEQUENCE", Align::Right),
            ("CREATED", Align::Left),
            ("REPLICAS", Align::Right),
        ],
    );
    for Listed { domain, stream, events, last_sequence, created, replicas } in streams {
        table.row([
            domain.clone(),
            stream.clone(),
            events.to_string(),
            last_sequence.to_string(),
            format!("{created:.0}"),
            replicas.to_string(),
        ])?;
    }
    Ok(table.finish()?)
}
