//! Delays per carrier, per origin and per hour of day.

mod delay;
mod delay_row;
mod delay_stats;
mod delay_table;

pub use delay::Delay;
pub use delay_row::DelayRow;
pub use delay_stats::DelayStats;
pub use delay_table::{DelayTable, KeyedRow};
