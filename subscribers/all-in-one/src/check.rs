//! Whether the projections equal the records.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use delay_stats::{DelayStats, DelayTable};
use departure_board::DepartureBoard;
use headwater_log::service::Failure;
use headwater_subscriber::StoreError;

use crate::recompute;
use crate::system::Built;

/// The delay figures straight from the records.
pub(crate) fn expected_delays(records: Option<&Path>) -> Result<DelayTable, Failure> {
    Ok(recompute::delay_table(|name| open(records, name))?)
}

/// Whether the board holds each flight of the records exactly as they have it, and no other.
pub(crate) fn board_equals(board: &Built<DepartureBoard>, records: Option<&Path>) -> Result<bool, Failure> {
    let mut flights = 0_usize;
    for expected in recompute::flights(|name| open(records, name))? {
        let (flight, record) = expected?;
        let actual = board.projection.flight(&board.view, &flight)?;
        if actual.as_ref() != Some(&record) {
            tracing::error!(%flight, ?actual, expected = ?record, "the departure board differs from the records");
            return Ok(false);
        }
        flights += 1;
    }
    let rows =
        board.projection.flights_from(&board.view, "").try_fold(0, |rows, row| row.map(|_| rows + 1))?;
    if rows != flights {
        tracing::error!(
            rows,
            flights,
            "the departure board and the records have different numbers of flights"
        );
    }
    Ok(rows == flights)
}

/// The figures of the projection, and whether they equal those of the records.
pub(crate) fn delays_equal(
    stats: &Built<DelayStats>,
    expected: &DelayTable,
) -> Result<(DelayTable, bool), StoreError> {
    let actual = stats.projection.read(&stats.view)?;
    let equal = actual == *expected;
    if !equal {
        tracing::error!(?actual, ?expected, "the delay statistics differ from the records");
    }
    Ok((actual, equal))
}

fn open(records: Option<&Path>, name: &str) -> io::Result<Box<dyn Read>> {
    match records {
        Some(directory) => Ok(Box::new(File::open(directory.join(name))?)),
        None => {
            let built_in = flight_ops::BUILT_IN.iter().find(|(known, _)| *known == name);
            let (_, bytes) = built_in.ok_or(io::ErrorKind::NotFound)?;
            Ok(Box::new(*bytes))
        }
    }
}
