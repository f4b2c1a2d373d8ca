//! The service `weather-station`.

use headwater_publisher::Exit;
use mimalloc::MiMalloc;
use weather_station::WeatherFeed;

/// An event is made of many small pieces, and most systems' own allocators take longer for them than all the rest does.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> Exit {
    headwater_publisher::main::<WeatherFeed>("Publish the weather at New York's three airports in 2013")
}
