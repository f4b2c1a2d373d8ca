use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Deserialize;

use super::row_reader::{RowReader, Run, Step};
use super::{RecordsError, RowErrors};

/// Where in a file the rows of each date are: what it takes to read months that are in any order by
/// date without having them in memory.
///
/// Rows that follow each other are one run. A file whose days are in one piece has a run per day,
/// so the index of a year takes some kilobytes; each scattered row costs 24 bytes.
pub(super) struct DayIndex {
    pub(super) days: BTreeMap<Date, Vec<Run>>,
}

/// The columns that say the date.
#[derive(Deserialize)]
struct DateColumns {
    year: i16,
    month: i8,
    day: i8,
}

impl DayIndex {
    /// Reads the whole file once. A row without a date is a bad one; it will not be read again.
    pub(super) fn read(reader: &mut RowReader, errors: &mut RowErrors) -> Result<Self, RecordsError> {
        let columns = reader.header().columns_of::<DateColumns>()?;
        let mut days: BTreeMap<Date, Vec<Run>> = BTreeMap::new();
        let mut open: Option<(Date, Run)> = None;
        loop {
            let date = match reader.step()? {
                Step::End => break,
                Step::Bad(error) => Err(error),
                Step::Row => reader.read(&columns).and_then(|DateColumns { year, month, day }| {
                    Date::new(year, month, day).map_err(|_| {
                        let message = format!("{year}-{month}-{day} is not a date");
                        let column = if (1..=12).contains(&month) { "day" } else { "month" };
                        reader.error(reader.line(), Some(column), message)
                    })
                }),
            };
            match (date, &mut open) {
                (Ok(date), Some((today, run))) if date == *today => run.bytes.end = reader.run().bytes.end,
                (Ok(date), _) => close(&mut days, open.replace((date, reader.run()))),
                (Err(error), _) => {
                    errors.push(error);
                    // A run must not hold the bad row: it would be read, and counted, twice.
                    close(&mut days, open.take());
                }
            }
        }
        close(&mut days, open);
        Ok(Self { days })
    }
}

fn close(days: &mut BTreeMap<Date, Vec<Run>>, run: Option<(Date, Run)>) {
    if let Some((date, run)) = run {
        days.entry(date).or_default().push(run);
    }
}
