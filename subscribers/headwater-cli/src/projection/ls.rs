use std::fs;
use std::io::Write;
use std::path::Path;

use headwater_subscriber::{StoreError, View};
use serde::Serialize;

use crate::command_error::CommandError;
use crate::format::Format;
use crate::json_array::JsonArray;
use crate::table::{Align, Table};

/// A projection, as it is printed.
#[derive(Serialize)]
struct Listed {
    name: String,
    /// Whether a process has it open; what that has committed, only it can say.
    running: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tables: Option<Vec<String>>,
}

/// Prints the projections in a directory.
pub(super) fn ls(directory: &Path, format: Format, out: &mut impl Write) -> Result<(), CommandError> {
    let projections = list(directory)?;
    match format {
        Format::Json => {
            let mut array = JsonArray::new(out);
            projections.iter().try_for_each(|projection| array.element(projection))?;
            Ok(array.finish()?)
        }
        Format::Table => {
            let columns = [
                ("PROJECTION", Align::Left),
                ("STATE", Align::Left),
                ("POSITION", Align::Right),
                ("TABLES", Align::Left),
            ];
            let mut table = Table::new(out, columns);
            for Listed { name, running, position, tables } in projections {
                let state = if running { "running" } else { "stopped" };
                let position = position.map_or("-".to_owned(), |position| position.to_string());
                let tables = tables.map_or("-".to_owned(), |tables| tables.join(", "));
                table.row([name, state.to_owned(), position, tables])?;
            }
            Ok(table.finish()?)
        }
    }
}

fn list(directory: &Path) -> Result<Vec<Listed>, CommandError> {
    let unreadable = |source| CommandError::Directory { directory: directory.to_owned(), source };
    let mut projections = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let listed = match View::open(&entry.path()) {
            Ok(view) => {
                let (checkpoint, tables) = (view.checkpoint()?, view.tables()?);
                if checkpoint.is_none() && tables.is_empty() {
                    // It has read nothing, or is a store of another kind, such as a log.
                    continue;
                }
                let position = checkpoint.map_or(0, |checkpoint| checkpoint.sequence);
                Listed { name, running: false, position: Some(position), tables: Some(tables) }
            }
            Err(StoreError::InUse { .. }) => Listed { name, running: true, position: None, tables: None },
            // Some other file or directory.
            Err(StoreError::Missing { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        projections.push(listed);
    }
    projections.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(projections)
}
