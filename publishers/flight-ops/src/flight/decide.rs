use flight_events::{
    FlightArrived, FlightCancelled, FlightDeparted, FlightDiverted, FlightEvent, FlightId, FlightScheduled,
};
use headwater_event::{Decider, Events};
use jiff::Timestamp;

use super::{Flight, FlightCommand, FlightOutbox, FlightRejection};

impl Decider for Flight {
    type Command = FlightCommand;
    type Event = FlightEvent;
    type Outbox = FlightOutbox;
    type Rejection = FlightRejection;

    fn decide(
        &self,
        command: &FlightCommand,
        outbox: &FlightOutbox,
    ) -> Result<Events<FlightEvent>, FlightRejection> {
        match *command {
            FlightCommand::Schedule {
                flight,
                destination,
                scheduled_departure,
                scheduled_arrival,
                ref tail_number,
            } => {
                self.must_be_unknown()?;
                Ok(outbox.scheduled.emit(FlightScheduled {
                    flight,
                    destination,
                    scheduled_departure,
                    scheduled_arrival,
                    tail_number: tail_number.clone(),
                }))
            }
            FlightCommand::Depart { at, delay_minutes } => {
                let flight = self.at_the_gate()?;
                Ok(outbox.departed.emit(FlightDeparted { flight, departed_at: at, delay_minutes }))
            }
            FlightCommand::Cancel => {
                let flight = self.at_the_gate()?;
                Ok(outbox.cancelled.emit(FlightCancelled { flight }))
            }
            FlightCommand::Arrive { at, delay_minutes } => {
                let flight = self.in_the_air(Some(at))?;
                Ok(outbox.arrived.emit(FlightArrived { flight, arrived_at: at, delay_minutes }))
            }
            FlightCommand::Divert { arrived_at } => {
                let flight = self.in_the_air(arrived_at)?;
                Ok(outbox.diverted.emit(FlightDiverted { flight, arrived_at }))
            }
        }
    }

    fn evolve(&mut self, event: &FlightEvent) {
        *self = match event {
            FlightEvent::Scheduled(scheduled) => Self::Scheduled { flight: scheduled.flight },
            FlightEvent::Departed(departed) => {
                Self::Departed { flight: departed.flight, at: departed.departed_at }
            }
            FlightEvent::Cancelled(_) => Self::Cancelled,
            FlightEvent::Arrived(_) | FlightEvent::Diverted(_) => Self::Landed,
        };
    }
}

impl Flight {
    fn must_be_unknown(&self) -> Result<(), FlightRejection> {
        match self {
            Self::Unknown => Ok(()),
            Self::Scheduled { .. } => Err(FlightRejection::AlreadyScheduled),
            Self::Departed { .. } => Err(FlightRejection::AlreadyDeparted),
            Self::Cancelled => Err(FlightRejection::Cancelled),
            Self::Landed => Err(FlightRejection::AlreadyLanded),
        }
    }

    fn at_the_gate(&self) -> Result<FlightId, FlightRejection> {
        match self {
            Self::Scheduled { flight } => Ok(*flight),
            Self::Unknown => Err(FlightRejection::NotScheduled),
            Self::Departed { .. } => Err(FlightRejection::AlreadyDeparted),
            Self::Cancelled => Err(FlightRejection::Cancelled),
            Self::Landed => Err(FlightRejection::AlreadyLanded),
        }
    }

    fn in_the_air(&self, until: Option<Timestamp>) -> Result<FlightId, FlightRejection> {
        match *self {
            Self::Departed { flight, at: departed_at } => match until {
                Some(landed_at) if landed_at <= departed_at => {
                    Err(FlightRejection::LandsBeforeDeparting { departed_at, landed_at })
                }
                _ => Ok(flight),
            },
            Self::Unknown => Err(FlightRejection::NotScheduled),
            Self::Scheduled { .. } => Err(FlightRejection::NotDeparted),
            Self::Cancelled => Err(FlightRejection::Cancelled),
            Self::Landed => Err(FlightRejection::AlreadyLanded),
        }
    }
}
