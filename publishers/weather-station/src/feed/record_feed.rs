use std::path::Path;

use headwater_event::CommandContext;
use headwater_publisher::records::{RecordsError, RowErrors};
use headwater_publisher::{Command, RecordFeed};

use super::WeatherFeed;
use crate::{Station, record_source};

impl RecordFeed for WeatherFeed {
    type Decider = Station;

    fn open(directory: Option<&Path>) -> Result<Self, RecordsError> {
        Self::open(&record_source(directory.map(Path::to_owned)))
    }

    fn next_command(&mut self) -> Result<Option<Command<Station>>, RecordsError> {
        let Some(item) = self.next().transpose()? else { return Ok(None) };
        let context = CommandContext::new(item.command_id);
        Ok(Some(Command { key: item.station, command: item.command, context, at: item.at }))
    }

    fn row_errors(&self) -> RowErrors {
        self.errors().clone()
    }
}
