//! The service `weather-station`.

use headwater_publisher::Exit;
use weather_station::WeatherFeed;

fn main() -> Exit {
    headwater_publisher::main::<WeatherFeed>("Publish the weather at New York's three airports in 2013")
}
