mod command;
mod decide;
mod rejection;
mod state;

pub use command::StationCommand;
pub use rejection::StationRejection;
pub use state::Station;
