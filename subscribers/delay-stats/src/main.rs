//! Counts flights and their delays per carrier, per origin and per hour of day.

use delay_stats::DelayStats;
use headwater_subscriber::Exit;

fn main() -> Exit {
    headwater_subscriber::main::<DelayStats>(
        "Counts flights and their delays per carrier, per origin and per hour of day",
    )
}
