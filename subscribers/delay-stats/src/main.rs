//! Counts flights and their delays per carrier, per origin and per hour of day.

use delay_stats::DelayStats;
use headwater_log::service::Exit;

fn main() -> Exit {
    headwater_subscriber::main::<DelayStats>(
        "Counts flights and their delays per carrier, per origin and per hour of day",
    )
}
