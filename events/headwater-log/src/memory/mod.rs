//! The log in memory, for unit tests: a whole service runs on it without a broker, a file or a thread.

mod clock;
mod fault;
mod follower;
mod log;
mod recording;
mod stream;

pub use fault::AppendFault;
pub use log::MemoryLog;
pub use recording::{Recording, RecordingError, RecordingProblem};
