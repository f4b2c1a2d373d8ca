use flight_events::{
    Airport, Carrier, FlightArrived, FlightCancelled, FlightDeparted, FlightDiverted, FlightId,
    FlightScheduled, HourOfDay,
};
use headwater_subscriber::{Apply, ApplyError, Projection, Recorded, StoreError, Table, Tx, View};

use crate::{DelayRow, DelayTable, KeyedRow};

/// The projection: one row for all flights, and one for each carrier, origin, and hour of the day of the
/// scheduled departure, local at the origin.
#[derive(Projection)]
#[projection(
    contract = "contract.toml",
    applies(FlightScheduled, FlightDeparted, FlightArrived, FlightCancelled, FlightDiverted)
)]
pub struct DelayStats {
    total: Table<String, DelayRow>,
    by_carrier: Table<Carrier, DelayRow>,
    by_origin: Table<Airport, DelayRow>,
    by_hour: Table<HourOfDay, DelayRow>,
}

/// The key of the one row that counts all flights.
const ALL: &str = "all";

impl DelayStats {
    /// All figures, as they are committed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when they can't be read.
    pub fn read(&self, view: &View) -> Result<DelayTable, StoreError> {
        let by_hour =
            self.by_hour.rows(view).map(|row| row.map(|(hour, row)| KeyedRow::from((hour.get(), row))));
        Ok(DelayTable {
            total: self.total.find(view, &ALL.to_owned())?.unwrap_or_default(),
            by_carrier: self
                .by_carrier
                .rows(view)
                .map(|row| row.map(KeyedRow::from))
                .collect::<Result<_, _>>()?,
            by_origin: self
                .by_origin
                .rows(view)
                .map(|row| row.map(KeyedRow::from))
                .collect::<Result<_, _>>()?,
            by_hour: by_hour.collect::<Result<_, _>>()?,
        })
    }

    fn count(
        &self,
        tx: &mut Tx<'_>,
        flight: &FlightId,
        count: impl Fn(&mut DelayRow),
    ) -> Result<(), ApplyError> {
        self.total.update(tx, &ALL.to_owned(), &count)?;
        self.by_carrier.update(tx, &flight.carrier, &count)?;
        self.by_origin.update(tx, &flight.origin, &count)?;
        self.by_hour.update(tx, &flight.scheduled.hour(), &count)
    }
}

impl Apply<FlightScheduled> for DelayStats {
    fn apply(&self, event: &Recorded<'_, FlightScheduled>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        self.count(tx, &event.data.flight, |row| row.scheduled += 1)
    }
}

impl Apply<FlightDeparted> for DelayStats {
    fn apply(&self, event: &Recorded<'_, FlightDeparted>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        self.count(tx, &event.data.flight, |row| row.departed(event.data.delay_minutes))
    }
}

impl Apply<FlightArrived> for DelayStats {
    fn apply(&self, event: &Recorded<'_, FlightArrived>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        self.count(tx, &event.data.flight, |row| row.arrived(event.data.delay_minutes))
    }
}

impl Apply<FlightCancelled> for DelayStats {
    fn apply(&self, event: &Recorded<'_, FlightCancelled>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        self.count(tx, &event.data.flight, |row| row.cancelled += 1)
    }
}

impl Apply<FlightDiverted> for DelayStats {
    fn apply(&self, event: &Recorded<'_, FlightDiverted>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        self.count(tx, &event.data.flight, |row| row.diverted += 1)
    }
}
