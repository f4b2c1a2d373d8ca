use std::io::{self, Write};

use clap::Args;
use headwater_subscriber::{Query, Row};
use tokio_util::sync::CancellationToken;

use super::Data;
use crate::command_error::CommandError;
use crate::format::Format;
use crate::json;
use crate::json_array::JsonArray;
use crate::table::{Align, Table};

#[derive(Debug, Args)]
pub(crate) struct Get {
    /// The projection's name, such as `delay-stats`
    name: String,

    /// Only the row with this key
    key: Option<String>,

    /// Only the rows of this table
    #[arg(long)]
    table: Option<String>,

    #[command(flatten)]
    data: Data,

    /// How rows are printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

impl Get {
    pub(super) fn run(&self, stop: &CancellationToken, out: &mut impl Write) -> Result<(), CommandError> {
        match self.format {
            Format::Json => {
                let mut array = JsonArray::new(out);
                self.ask(stop, |row| array.element(&row))?;
                Ok(array.finish()?)
            }
            Format::Table => {
                let columns = [("TABLE", Align::Left), ("KEY", Align::Left), ("VALUE", Align::Left)];
                let mut table = Table::new(out, columns);
                self.ask(stop, |row| table.row([row.table, row.key, json::compact(row.value.get())]))?;
                Ok(table.finish()?)
            }
        }
    }

    fn ask(
        &self,
        stop: &CancellationToken,
        mut each: impl FnMut(Row) -> io::Result<()>,
    ) -> Result<(), CommandError> {
        let query = Query { table: self.table.clone(), key: self.key.clone() };
        let mut rows = 0_u64;
        query.ask(&self.data.projections(), &self.name, |row| {
            if stop.is_cancelled() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            rows += 1;
            each(row)
        })?;
        match &self.key {
            Some(key) if rows == 0 => Err(CommandError::NoRow {
                name: self.name.clone(),
                key: key.clone(),
                table: self.table.as_ref().map(|table| format!(" in the table {table}")).unwrap_or_default(),
            }),
            _ => Ok(()),
        }
    }
}
