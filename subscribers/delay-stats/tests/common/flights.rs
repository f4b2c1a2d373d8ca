use flight_events::{FlightDeparted, FlightId, FlightScheduled, scheduled_departure};
use headwater_event::{Aggregate, CommandContext, Envelope, EventSet};
use headwater_log::service::Connection;
use headwater_log::{Append, EventLog as _, JetStreamConfig, JetStreamLog, StoredEvent};
use jiff::SignedDuration;

/// A publisher of flights.
pub(crate) struct Flights(JetStreamLog);

impl Flights {
    pub(crate) async fn open(server: &str) -> Self {
        let client = Connection::to(server).unwrap().connect("flights").await.unwrap();
        let log = JetStreamLog::new(client, JetStreamConfig::default());
        log.open(&"flights".parse().unwrap()).await.unwrap();
        Self(log)
    }

    /// Publishes that flights number `first` to `last` were scheduled and have departed.
    pub(crate) async fn publish(&self, first: u16, last: u16) {
        for number in first..=last {
            let flight: FlightId = format!("2013-01-01-UA-{number}-EWR-0515").parse().unwrap();
            let at = scheduled_departure(&flight);
            let scheduled = FlightScheduled {
                flight,
                destination: "IAH".parse().unwrap(),
                scheduled_departure: at,
                scheduled_arrival: at + SignedDuration::from_hours(3),
                tail_number: None,
            };
            let departed = FlightDeparted { flight, departed_at: at, delay_minutes: 0 };
            let command = CommandContext::new(format!("fly {flight}"));
            let envelope = |index| match index {
                0 => command.envelope(&scheduled, 0, "/flight-ops", at),
                _ => command.envelope(&departed, 1, "/flight-ops", at),
            };
            self.append(&flight.to_string(), [envelope(0).unwrap(), envelope(1).unwrap()].into()).await;
        }
    }

    /// Publishes one event of a new flight.
    pub(crate) async fn publish_one<E: EventSet>(&self, event: &E, command: &CommandContext) -> Envelope {
        let envelope = command.envelope(event, 0, "/flight-ops", jiff::Timestamp::UNIX_EPOCH).unwrap();
        self.append(&event.key().to_string(), vec![envelope.clone()]).await;
        envelope
    }

    pub(crate) async fn append(&self, flight: &str, events: Vec<Envelope>) {
        self.append_at(0, flight, events).await;
    }

    /// Appends if `expected` is the sequence of the flight's last event.
    pub(crate) async fn append_at(&self, expected: u64, flight: &str, events: Vec<Envelope>) {
        let aggregate = Aggregate::new("flights".parse().unwrap(), "flight", flight).unwrap();
        self.append_to(aggregate, expected, events).await;
    }

    pub(crate) async fn append_to(&self, aggregate: Aggregate, expected: u64, events: Vec<Envelope>) {
        self.0.append(Append { aggregate, expected, events }).await.unwrap();
    }

    pub(crate) async fn load(&self, aggregate: &Aggregate) -> Vec<StoredEvent> {
        self.0.load(aggregate, 0).await.unwrap()
    }
}
