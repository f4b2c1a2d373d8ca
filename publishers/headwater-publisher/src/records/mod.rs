//! Records in CSV files, read as a live feed: typed, in bounded memory, in the order of time.
//!
//! A publisher that replays a public data set reads files that someone else wrote. They are larger
//! than memory should be, their rows are in no useful order, and some are wrong. So:
//!
//! - a [`RecordSource`] opens the files of a directory, or those that are built into the binary;
//! - [`Rows`] reads a whole file in its own order, a [`DayReader`] one date at a time in date order;
//! - a [`TimeOrder`] releases what the days hold in the order of time;
//! - a row that can't be read is a [`RowError`] with file, line and column. It is logged and counted in
//!   [`RowErrors`], and the other rows go on. A file that can't be read at all is a [`RecordsError`].
//!
//! # Example: two rows, one of them wrong
//!
//! ```
//! use headwater_publisher::records::{DayReader, RecordSource};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Reading {
//!     celsius: Option<f64>,
//! }
//!
//! const CSV: &[u8] = b"year,month,day,celsius\n2013,1,2,NA\n2013,1,2,warm\n";
//! let source = RecordSource::built_in(&[("readings.csv", CSV)]);
//!
//! let mut days = DayReader::<Reading>::open(&source, "readings.csv")?;
//! let mut readings = Vec::new();
//! days.next_day(&mut readings)?;
//!
//! assert_eq!(readings.len(), 1);
//! assert_eq!(readings[0].fields.celsius, None);
//! assert_eq!(days.errors().first()[0].to_string(), "readings.csv:3: celsius: \"warm\" is not a number");
//! # Ok::<(), headwater_publisher::records::RecordsError>(())
//! ```

mod day_index;
mod day_reader;
mod error;
mod field;
mod file;
mod header;
mod row_error;
mod row_errors;
mod row_reader;
mod rows;
mod source;
mod time_order;
mod window;

pub use day_reader::DayReader;
pub use error::RecordsError;
pub use row_error::RowError;
pub use row_errors::RowErrors;
pub use rows::{Row, Rows};
pub use source::RecordSource;
pub use time_order::TimeOrder;
