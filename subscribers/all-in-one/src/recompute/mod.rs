//! What the projections must hold, computed straight from the records: the check of the whole system.
//!
//! A check that shared code with what it checks would share its mistakes too. So nothing here comes from
//! the publishers, the log or the projections' logic; only the names of flights and the types of the rows
//! are theirs, to say the answer in the same words. The arithmetic is chosen to be plain, not to be general.

mod airports;
mod clock;
mod delay_table;
mod error;
mod flight_row;
mod flights;
mod lines;

pub(crate) use delay_table::delay_table;
pub(crate) use error::RecomputeError;
pub(crate) use flights::flights;
