//! The state of every flight, and the board that a traveller sees at an airport at a moment.

mod board;
mod departure_board;
mod flight_record;
mod web;

pub use board::{Board, BoardLine, Status};
pub use departure_board::DepartureBoard;
pub use flight_record::{FlightRecord, Landing, Movement};
pub use web::{problems, routes};
