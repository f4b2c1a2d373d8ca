use std::io::{self, Write};

use clap::Args;
use futures::StreamExt as _;
use headwater_event::{Domain, EventFilter};
use headwater_log::service::report;
use headwater_log::{Checkpoint, Log, ReadError, StoredEvent, StreamInfo};

use super::format::Format;
use super::pages::{EVENTS_PER_PAGE, Pages};
use super::type_filter::TypeFilter;
use crate::command_error::CommandError;
use crate::stream_name::StreamName;

#[derive(Debug, Args)]
pub(crate) struct Tail {
    /// The stream, or its domain: `EVT_flights` or `flights`
    stream: StreamName,

    /// Begin at this sequence
    #[arg(
        long, value_name = "SEQUENCE", conflicts_with = "last",
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    from: Option<u64>,

    /// Begin with this many events before the end
    #[arg(long, value_name = "N", default_value_t = 10)]
    last: u64,

    /// Go on with events as they are published, until Ctrl-C
    #[arg(long, short)]
    pub(super) follow: bool,

    /// Only these events, such as `flight.departed`
    #[arg(long = "type", value_name = "AGGREGATE.EVENT")]
    wanted: Option<TypeFilter>,

    /// How events are printed
    #[arg(long, value_enum, default_value_t = Format::Line)]
    format: Format,
}

impl Tail {
    pub(super) async fn run(&self, log: Log, out: &mut impl Write) -> Result<(), CommandError> {
        let info = log.info(&self.stream.0).await?;
        let first = match self.from {
            Some(first) => first,
            None => self.first_of_the_last(&log, info.last).await?,
        };
        let mut pages = Pages::new(&log, &self.stream.0, first, info.last);
        loop {
            let page = pages.next().await?;
            if page.is_empty() {
                break;
            }
            for event in page {
                self.print(event, out)?;
            }
        }
        out.flush()?;
        if self.follow { self.follow(&log, &info, first, out).await } else { Ok(()) }
    }

    /// Where the last events begin that are wanted.
    async fn first_of_the_last(&self, log: &Log, last: u64) -> Result<u64, ReadError> {
        let Some(wanted) = &self.wanted else { return Ok((last + 1).saturating_sub(self.last).max(1)) };
        let (mut missing, mut first) = (self.last, last + 1);
        while missing > 0 && first > 1 {
            let end = first - 1;
            first = first.saturating_sub(EVENTS_PER_PAGE).max(1);
            let mut found = Vec::new();
            let mut pages = Pages::new(log, &self.stream.0, first, end);
            loop {
                let page = pages.next().await?;
                if page.is_empty() {
                    break;
                }
                let events = page.iter().flatten().filter(|event| wanted.wants(event));
                found.extend(events.map(|event| event.sequence));
            }
            let skip = found.len().saturating_sub(usize::try_from(missing).unwrap_or(usize::MAX));
            if let Some(first_of_them) = found.get(skip) {
                first = *first_of_them;
            }
            missing = missing.saturating_sub(found.len() as u64);
        }
        Ok(first)
    }

    /// Prints events as they are published, from the sequence `first` on.
    async fn follow(
        &self,
        log: &Log,
        info: &StreamInfo,
        first: u64,
        out: &mut impl Write,
    ) -> Result<(), CommandError> {
        let domain = &self.stream.0;
        let filter = match &self.wanted {
            Some(wanted) => wanted.of(domain).unwrap_or_else(|_| EventFilter::all(domain.clone())),
            None => EventFilter::all(domain.clone()),
        };
        let first = first.max(info.last + 1);
        let mut events = log.follow(filter, checkpoint(log, domain, info).await?).await?;
        while let Some(event) = events.next().await {
            let sequence = match &event {
                Ok(event) => event.sequence,
                Err(ReadError::Malformed { sequence, .. }) => *sequence,
                Err(_) => first,
            };
            if sequence >= first {
                self.print(event, out)?;
                out.flush()?;
            }
        }
        Ok(())
    }

    /// Prints an event if it is wanted. What is malformed is an error to look at, not the end.
    fn print(&self, event: Result<StoredEvent, ReadError>, out: &mut impl Write) -> Result<(), CommandError> {
        match event {
            Ok(event) if self.wanted.as_ref().is_none_or(|wanted| wanted.wants(&event)) => {
                self.format.write(&event, out)
            }
            Ok(_) => Ok(()),
            Err(error) if error.is_malformed() => {
                // In their order, when both go to one terminal.
                out.flush()?;
                Ok(writeln!(io::stderr(), "error: {}", report(&error))?)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The last place before the end from which the stream can be followed: a checkpoint names an event, so
/// it can't be on a malformed message.
async fn checkpoint(log: &Log, domain: &Domain, info: &StreamInfo) -> Result<Option<Checkpoint>, ReadError> {
    for sequence in (1..=info.last).rev() {
        match log.read(domain, sequence, 1).await {
            Ok(events) => return Ok(events.first().map(|event| Checkpoint::new(info.created, event))),
            Err(error) if error.is_malformed() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
