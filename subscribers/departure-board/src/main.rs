//! Keeps the state of every flight, and shows the board.

use departure_board::{DepartureBoard, routes};
use headwater_subscriber::Exit;

fn main() -> Exit {
    let about = "Keeps the state of every flight, and shows the departure board";
    headwater_subscriber::main_with::<DepartureBoard>(about, routes)
}
