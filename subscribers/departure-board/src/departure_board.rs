use flight_events::{
    FlightArrived, FlightCancelled, FlightDeparted, FlightDiverted, FlightId, FlightScheduled,
};
use headwater_subscriber::{Apply, ApplyError, Projection, Recorded, StoreError, Table, Tx, View};

use crate::{FlightRecord, Landing, Movement};

/// The projection: one row for each flight, by its name, which begins with the day.
#[derive(Projection)]
#[projection(
    contract = "contract.toml",
    partitioned,
    applies(FlightScheduled, FlightDeparted, FlightArrived, FlightCancelled, FlightDiverted)
)]
pub struct DepartureBoard {
    flights: Table<FlightId, FlightRecord>,
}

impl DepartureBoard {
    /// All that has happened to a flight.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it can't be read.
    pub fn flight(&self, view: &View, flight: &FlightId) -> Result<Option<FlightRecord>, StoreError> {
        self.flights.find(view, flight)
    }

    /// The flights whose names, as text, are at or after `from`, in order: `2013-01-02` begins with that
    /// day's.
    pub fn flights_from(
        &self,
        view: &View,
        from: &str,
    ) -> impl Iterator<Item = Result<(FlightId, FlightRecord), StoreError>> + use<> {
        self.flights.rows_from(view, from)
    }

    fn change(
        &self,
        tx: &mut Tx<'_>,
        flight: &FlightId,
        change: impl FnOnce(&mut FlightRecord),
    ) -> Result<(), ApplyError> {
        let record = self.flights.get_mut(tx, flight)?;
        change(record.ok_or_else(|| ApplyError::refused(format!("{flight} was never scheduled")))?);
        Ok(())
    }
}

impl Apply<FlightScheduled> for DepartureBoard {
    fn apply(&self, event: &Recorded<'_, FlightScheduled>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        let scheduled = &event.data;
        let record = FlightRecord {
            destination: scheduled.destination,
            scheduled_departure: scheduled.scheduled_departure,
            scheduled_arrival: scheduled.scheduled_arrival,
            tail_number: scheduled.tail_number.clone(),
            cancelled_at: None,
            departure: None,
            landing: None,
        };
        self.flights.put(tx, &scheduled.flight, record)
    }
}

impl Apply<FlightDeparted> for DepartureBoard {
    fn apply(&self, event: &Recorded<'_, FlightDeparted>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        let FlightDeparted { flight, departed_at, delay_minutes } = event.data;
        let departure = Movement { at: departed_at, delay_minutes };
        self.change(tx, &flight, |record| record.departure = Some(departure))
    }
}

impl Apply<FlightArrived> for DepartureBoard {
    fn apply(&self, event: &Recorded<'_, FlightArrived>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        let FlightArrived { flight, arrived_at, delay_minutes } = event.data;
        let landing = Landing::Arrived(Movement { at: arrived_at, delay_minutes });
        self.change(tx, &flight, |record| record.landing = Some(landing))
    }
}

impl Apply<FlightCancelled> for DepartureBoard {
    fn apply(&self, event: &Recorded<'_, FlightCancelled>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        self.change(tx, &event.data.flight, |record| record.cancelled_at = Some(event.time()))
    }
}

impl Apply<FlightDiverted> for DepartureBoard {
    fn apply(&self, event: &Recorded<'_, FlightDiverted>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        self.change(tx, &event.data.flight, |record| record.landing = Some(Landing::Diverted(event.time())))
    }
}
