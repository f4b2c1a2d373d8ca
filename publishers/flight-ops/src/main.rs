//! The service `flight-ops`.

use flight_ops::FlightFeed;
use headwater_publisher::Exit;

fn main() -> Exit {
    headwater_publisher::main::<FlightFeed>("Publish the flights of New York's three airports in 2013")
}
