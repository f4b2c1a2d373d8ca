use std::io::{ErrorKind, Read};

use sha2::{Digest as _, Sha256};

use super::archive::{ArchiveError, END, ENTRY, KEY_BYTES_MAX, MAGIC, VALUE_BYTES_MAX, VERSION};
use crate::Entry;

/// Reads an archive, entry by entry. None of it is to be believed before its end was reached.
pub(super) struct ArchiveReader<R> {
    source: R,
    digest: Sha256,
    entries: u64,
    last: Option<Vec<u8>>,
}

impl<R: Read> ArchiveReader<R> {
    pub(super) fn begin(source: R) -> Result<Self, ArchiveError> {
        let mut this = Self { source, digest: Sha256::new(), entries: 0, last: None };
        let magic: [u8; MAGIC.len()] = this.array().map_err(|error| match error {
            ArchiveError::CutOff { .. } => ArchiveError::Foreign,
            error => error,
        })?;
        if magic != MAGIC {
            return Err(ArchiveError::Foreign);
        }
        match u16::from_be_bytes(this.array()?) {
            VERSION => Ok(this),
            found if found > VERSION => Err(ArchiveError::TooNew { found }),
            _ => Err(this.damaged("there is no such format")),
        }
    }

    /// The next entry; `None` when all were read, and all of them are what was written.
    pub(super) fn next(&mut self) -> Result<Option<Entry>, ArchiveError> {
        match self.array()? {
            [ENTRY] => self.entry().map(Some),
            [END] => self.end().map(|()| None),
            _ => Err(self.damaged("an entry begins with an unknown mark")),
        }
    }

    fn entry(&mut self) -> Result<Entry, ArchiveError> {
        let (key, value) = (u32::from_be_bytes(self.array()?), u32::from_be_bytes(self.array()?));
        if key > KEY_BYTES_MAX || value > VALUE_BYTES_MAX {
            return Err(self.damaged("an entry is larger than any that was written"));
        }
        let (key, value) = (self.bytes(key)?, self.bytes(value)?);
        if self.last.as_ref().is_some_and(|last| *last >= key) {
            return Err(self.damaged("the keys aren't in order"));
        }
        self.last = Some(key.clone());
        self.entries += 1;
        Ok((key, value))
    }

    fn end(&mut self) -> Result<(), ArchiveError> {
        if u64::from_be_bytes(self.array()?) != self.entries {
            return Err(self.damaged("it says that it has another number of entries"));
        }
        let digest = self.digest.clone().finalize();
        if self.bytes(32)? != digest[..] {
            return Err(self.damaged("its checksum is another one"));
        }
        match self.source.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(self.damaged("it goes on after its end")),
            Err(error) => Err(ArchiveError::File(error)),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ArchiveError> {
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => ArchiveError::CutOff { entries: self.entries },
            _ => ArchiveError::File(error),
        })?;
        self.digest.update(bytes);
        Ok(bytes)
    }

    /// No more memory is taken than there are bytes, whatever the length says.
    fn bytes(&mut self, length: u32) -> Result<Vec<u8>, ArchiveError> {
        let mut bytes = Vec::new();
        let read = (&mut self.source).take(length.into()).read_to_end(&mut bytes);
        let read = read.map_err(ArchiveError::File)?;
        if u32::try_from(read) != Ok(length) {
            return Err(ArchiveError::CutOff { entries: self.entries });
        }
        self.digest.update(&bytes);
        Ok(bytes)
    }

    fn damaged(&self, problem: &'static str) -> ArchiveError {
        ArchiveError::Damaged { entries: self.entries, problem }
    }
}

#[cfg(test)]
mod tests {
    use super::super::archive_writer::ArchiveWriter;
    use super::*;

    fn entries() -> Vec<Entry> {
        let entry = |key: &str, value: &str| (key.as_bytes().to_vec(), value.as_bytes().to_vec());
        vec![entry("\0builder", "{}"), entry("total\0", ""), entry("total\0all", "12")]
    }

    fn archive(entries: &[Entry]) -> Vec<u8> {
        let mut writer = ArchiveWriter::begin(Vec::new()).unwrap();
        entries.iter().for_each(|(key, value)| writer.entry(key, value).unwrap());
        let (count, archive) = writer.finish().unwrap();
        assert_eq!(count, entries.len() as u64);
        archive
    }

    fn read(archive: &[u8]) -> Result<Vec<Entry>, ArchiveError> {
        let mut reader = ArchiveReader::begin(archive)?;
        std::iter::from_fn(|| reader.next().transpose()).collect()
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(read(&archive(&entries())).unwrap(), entries());
        assert_eq!(read(&archive(&[])).unwrap(), []);
    }

    #[test]
    fn wherever_it_is_cut_off_it_is_refused() {
        let whole = archive(&entries());
        for length in 0..whole.len() {
            let error = read(&whole[..length]).unwrap_err();
            let expected = if length < MAGIC.len() { "no archive" } else { "cut off" };
            assert!(error.to_string().contains(expected), "at {length}: {error}");
        }
    }

    #[test]
    fn whichever_bit_is_another_one_it_is_refused() {
        let whole = archive(&entries());
        for bit in 0..whole.len() * 8 {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&damaged).is_err(), "bit {bit}");
        }
        assert!(read(&[&whole[..], b"x"].concat()).is_err());
    }

    #[test]
    fn a_later_format_is_refused_with_the_remedy() {
        let mut later = archive(&entries());
        later[MAGIC.len() + 1] = 2;
        let error = read(&later).unwrap_err();
        assert!(matches!(error, ArchiveError::TooNew { found: 2 }), "{error:?}");
        assert!(error.to_string().contains("upgrade the service"));
    }

    #[test]
    fn a_length_that_is_not_there_takes_no_memory() {
        let mut lying = archive(&entries());
        let value_length = MAGIC.len() + 2 + 1 + 4;
        lying[value_length..value_length + 4].copy_from_slice(&VALUE_BYTES_MAX.to_be_bytes());
        assert!(matches!(read(&lying), Err(ArchiveError::CutOff { entries: 0 })));
        lying[value_length..value_length + 4].copy_from_slice(&u32::MAX.to_be_bytes());
        assert!(matches!(read(&lying), Err(ArchiveError::Damaged { .. })));
    }
}
