use std::error::Error;

/// Why something couldn't be done with dead letters.
#[derive(Debug, thiserror::Error)]
pub enum DeadLetterError {
    /// A letter can't be written.
    #[error("the dead letter of {reactor} for sequence {sequence} can't be parked")]
    Park {
        /// Whose letter it is.
        reactor: String,
        /// The event's sequence.
        sequence: u64,
        /// What the last attempt reported.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The letters can't be read.
    #[error("the dead letters can't be read")]
    Read(#[source] Box<dyn Error + Send + Sync>),
    /// A letter, or what was asked for, can't be removed.
    #[error("the record at {place} of the stream DEAD can't be removed")]
    Remove {
        /// Where it is.
        place: u64,
        /// What the last attempt reported.
        source: Box<dyn Error + Send + Sync>,
    },
    /// What is asked for can't be written down.
    #[error("{reactor} can't be asked")]
    Ask {
        /// Who was to be asked.
        reactor: String,
        /// What the last attempt reported.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A name that no subject can hold.
    #[error("{name:?} can't be a reactor: use a lower-case letter, then letters, digits, `-` and `_`")]
    Name {
        /// The name.
        name: String,
    },
}
