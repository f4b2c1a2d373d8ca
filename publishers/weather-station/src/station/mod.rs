mod command;
mod decide;
mod outbox;
mod rejection;
mod state;

pub use command::StationCommand;
pub use outbox::StationOutbox;
pub use rejection::StationRejection;
pub use state::Station;
