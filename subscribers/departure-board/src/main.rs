//! Keeps the state of every flight.

use departure_board::DepartureBoard;
use headwater_subscriber::Exit;

fn main() -> Exit {
    headwater_subscriber::main::<DepartureBoard>("Keeps the state of every flight, for the departure board")
}
