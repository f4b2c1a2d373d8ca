use std::path::Path;

use headwater_event::{CommandContext, TraceContext};
use headwater_publisher::records::{RecordsError, RowErrors};
use headwater_publisher::{Command, RecordFeed};

use super::FlightFeed;
use crate::{Flight, record_source};

/// All commands of one flight are one flow and one trace, which the flight's name names.
impl RecordFeed for FlightFeed {
    type Decider = Flight;

    fn open(directory: Option<&Path>) -> Result<Self, RecordsError> {
        Self::open(&record_source(directory.map(Path::to_owned)))
    }

    fn next_command(&mut self) -> Result<Option<Command<Flight>>, RecordsError> {
        let Some(item) = self.next().transpose()? else { return Ok(None) };
        let flow = item.flight.to_string();
        let trace = TraceContext::root(&flow);
        let context = CommandContext::new(item.command_id).with_correlation_id(flow).with_trace(trace);
        Ok(Some(Command { key: item.flight, command: item.command, context, at: item.at }))
    }

    fn row_errors(&self) -> RowErrors {
        self.errors()
    }
}
