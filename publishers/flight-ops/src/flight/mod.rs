mod command;
mod decide;
mod outbox;
mod rejection;
mod state;

pub use command::FlightCommand;
pub use outbox::FlightOutbox;
pub use rejection::FlightRejection;
pub use state::Flight;
