use std::io;

/// What an archive begins with; the version of its format follows, in two bytes.
pub(super) const MAGIC: [u8; 8] = *b"HWSTATE\n";

/// The format that is written, and the newest one that is read. Numbers are big-endian.
///
/// After it comes for each key, in the order of their bytes: [`ENTRY`], the lengths of key and value in four bytes each, the key, the value.
/// Then [`END`], the number of entries in eight bytes, and the SHA-256 of all before itself.
pub(super) const VERSION: u16 = 1;

pub(super) const ENTRY: u8 = 1;
pub(super) const END: u8 = 0;

/// How long a key may be, in bytes, so that a damaged length is noticed.
pub(super) const KEY_BYTES_MAX: u32 = 16 * 1024 * 1024;

/// How long a value may be, in bytes.
pub(super) const VALUE_BYTES_MAX: u32 = 512 * 1024 * 1024;

/// Why a state can't be read from its archive, or written to one.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It doesn't begin as an archive.
    #[error("it is no archive of a projection's state")]
    Foreign,
    /// A later version of Headwater has written it.
    #[error(
        "it is in the format {found}, and this version of Headwater reads formats up to {VERSION}; upgrade the service"
    )]
    TooNew {
        /// Its format.
        found: u16,
    },
    /// It ends before its end.
    #[error("it is cut off after {entries} entries")]
    CutOff {
        /// How many entries are whole.
        entries: u64,
    },
    /// It isn't what was written.
    #[error("it is damaged after {entries} entries: {problem}")]
    Damaged {
        /// How many entries were read before.
        entries: u64,
        /// What is wrong.
        problem: &'static str,
    },
    /// A key or value has no place in an archive.
    #[error("an entry of {key} and {value} bytes is larger than an archive takes")]
    TooLarge {
        /// The size of its key, in bytes.
        key: usize,
        /// The size of its value, in bytes.
        value: usize,
    },
    /// The file can't be read or written.
    #[error("its file can't be used")]
    File(#[source] io::Error),
}
