//! Which events get in: those that a contract declares and whose data fit a registered schema.

mod data_check;
mod gate;
mod instant;
mod publication;
mod refusal;
mod sources;
mod written_type;

pub(crate) use gate::Admitted;
pub use gate::{Admission, AdmissionError};
pub(crate) use refusal::Refusal;
pub use sources::{SourceError, load_contract, load_registry};
