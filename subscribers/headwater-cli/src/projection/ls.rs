use std::fs;
use std::io::Write;
use std::path::Path;

use headwater_subscriber::{
    BuildId, BuildStatus, Builds, Positions, Register, Standing, StoreError, View, running_builds,
};
use serde::Serialize;

use crate::command_error::CommandError;
use crate::format::Format;
use crate::json_array::JsonArray;
use crate::table::{Align, Table};

/// A build of a projection, as it is printed.
#[derive(Serialize)]
struct Listed {
    name: String,
    build: BuildId,
    state: Standing,
    /// Whether a process works on it.
    running: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    positions: Option<Positions>,
    /// How many events it has still to apply, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_left: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tables: Option<Vec<String>>,
}

/// Prints the projections in a directory, with all their builds.
pub(super) fn ls(directory: &Path, format: Format, out: &mut impl Write) -> Result<(), CommandError> {
    let builds = list(directory)?;
    match format {
        Format::Json => {
            let mut array = JsonArray::new(out);
            builds.iter().try_for_each(|build| array.element(build))?;
            Ok(array.finish()?)
        }
        Format::Table => {
            let columns = [
                ("PROJECTION", Align::Left),
                ("BUILD", Align::Left),
                ("STATE", Align::Left),
                ("PROCESS", Align::Left),
                ("POSITION", Align::Right),
                ("BEHIND", Align::Right),
                ("LEFT", Align::Right),
                ("TABLES", Align::Left),
            ];
            let mut table = Table::new(out, columns);
            for build in builds {
                let Listed { name, build, state, running, positions, remaining, seconds_left, tables } =
                    build;
                let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
                table.row([
                    name,
                    build.to_string(),
                    state.to_string(),
                    if running { "running" } else { "stopped" }.to_owned(),
                    or_dash(positions.map(|positions| positions.to_string())),
                    or_dash(remaining.map(|remaining| remaining.to_string())),
                    or_dash(seconds_left.map(time)),
                    or_dash(tables.map(|tables| tables.join(", "))),
                ])?;
            }
            Ok(table.finish()?)
        }
    }
}

/// `1h 04m`, `3m 20s`, or `12s`: nobody needs it more exactly.
fn time(seconds: f64) -> String {
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is too long is shown as the longest"
    )]
    let seconds = seconds.ceil() as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m {seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h {minutes:02}m"),
    }
}

fn list(directory: &Path) -> Result<Vec<Listed>, CommandError> {
    let unreadable = |source| CommandError::Directory { directory: directory.to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        names.push(entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let mut listed = Vec::new();
    for name in names.into_iter().filter(|name| directory.join(name).is_dir()) {
        let builds = Builds::new(directory, &name);
        let register = builds.register().map_err(StoreError::from)?;
        let running = running_builds(directory, &name)?;
        for build in builds.present().map_err(StoreError::from)? {
            let status = running.iter().find(|status| status.build == build);
            listed.extend(look(&name, &builds, &register, build, status)?);
        }
    }
    Ok(listed)
}

fn look(
    name: &str,
    builds: &Builds,
    register: &Register,
    build: BuildId,
    status: Option<&BuildStatus>,
) -> Result<Option<Listed>, CommandError> {
    let name = name.to_owned();
    if let Some(status) = status {
        return Ok(Some(Listed {
            name,
            build,
            state: status.standing,
            running: true,
            positions: Some(status.positions.clone()),
            remaining: status.remaining,
            seconds_left: status.seconds_left(),
            tables: None,
        }));
    }
    let state = register.standing(&build);
    let (running, seconds_left, remaining) = (false, None, None);
    match View::open_build(builds, &build) {
        Ok(view) => {
            let (positions, tables) = (Some(view.positions()?), Some(view.tables()?));
            Ok(Some(Listed { name, build, state, running, positions, remaining, seconds_left, tables }))
        }
        // A process that doesn't answer, or one that shows it while its own build catches up.
        Err(StoreError::InUse { .. }) => Ok(Some(Listed {
            name,
            build,
            state,
            running: true,
            positions: None,
            remaining,
            seconds_left,
            tables: None,
        })),
        // In a database, which only its process opens.
        Err(StoreError::Elsewhere { .. }) => Ok(Some(Listed {
            name,
            build,
            state,
            running,
            positions: None,
            remaining,
            seconds_left,
            tables: None,
        })),
        // Some other directory.
        Err(StoreError::Missing { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn a_time_is_as_exact_as_somebody_who_waits_wants_it() {
        let times = [0.0, 0.2, 59.0, 61.0, 3599.0, 3600.0, 90_000.0].map(time);
        assert_eq!(times, ["0s", "1s", "59s", "1m 01s", "59m 59s", "1h 00m", "25h 00m"]);
    }
}
