//! The service `flight-ops`.

use flight_ops::FlightFeed;
use headwater_publisher::Exit;
use mimalloc::MiMalloc;

/// An event is made of many small pieces, and most systems' own allocators take longer for them than all the rest does.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> Exit {
    headwater_publisher::main::<FlightFeed>("Publish the flights of New York's three airports in 2013")
}
