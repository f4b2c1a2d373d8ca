use std::io::Write;

use sha2::{Digest as _, Sha256};

use super::archive::{ArchiveError, END, ENTRY, KEY_BYTES_MAX, MAGIC, VALUE_BYTES_MAX, VERSION};

/// Writes an archive, entry by entry.
pub(super) struct ArchiveWriter<W> {
    target: W,
    digest: Sha256,
    entries: u64,
}

impl<W: Write> ArchiveWriter<W> {
    pub(super) fn begin(target: W) -> Result<Self, ArchiveError> {
        let mut this = Self { target, digest: Sha256::new(), entries: 0 };
        this.write(&MAGIC)?;
        this.write(&VERSION.to_be_bytes())?;
        Ok(this)
    }

    /// Writes the next entry, whose key is after the ones before.
    pub(super) fn entry(&mut self, key: &[u8], value: &[u8]) -> Result<(), ArchiveError> {
        let too_large = || ArchiveError::TooLarge { key: key.len(), value: value.len() };
        let length = |bytes: &[u8], max: u32| u32::try_from(bytes.len()).ok().filter(|&length| length <= max);
        let key_length = length(key, KEY_BYTES_MAX).ok_or_else(too_large)?;
        let value_length = length(value, VALUE_BYTES_MAX).ok_or_else(too_large)?;
        self.write(&[ENTRY])?;
        self.write(&key_length.to_be_bytes())?;
        self.write(&value_length.to_be_bytes())?;
        self.write(key)?;
        self.write(value)?;
        self.entries += 1;
        Ok(())
    }

    /// Writes the end, and says how many entries there are.
    pub(super) fn finish(mut self) -> Result<(u64, W), ArchiveError> {
        self.write(&[END])?;
        self.write(&self.entries.to_be_bytes())?;
        let digest = self.digest.finalize();
        self.target.write_all(&digest).map_err(ArchiveError::File)?;
        self.target.flush().map_err(ArchiveError::File)?;
        Ok((self.entries, self.target))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.digest.update(bytes);
        self.target.write_all(bytes).map_err(ArchiveError::File)
    }
}
