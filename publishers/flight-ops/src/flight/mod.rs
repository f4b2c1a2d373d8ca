mod command;
mod decide;
mod rejection;
mod state;

pub use command::FlightCommand;
pub use rejection::FlightRejection;
pub use state::Flight;
