use std::io::{self, Read, Seek, SeekFrom};

/// The longest row, in bytes. A quote that is never closed would make the rest of the file one row.
pub(super) const ROW_BYTES_MAX: u64 = 256 * 1024;

/// A part of a file, ending with a newline whether or not the file's last line does.
///
/// It fails with `InvalidData` when its reader wants more bytes than a row may have.
pub(super) struct Window<F> {
    file: F,
    position: u64,
    end: u64,
    newline_is_due: bool,
    row_start: u64,
}

impl<F: Read + Seek> Window<F> {
    /// The whole file.
    pub(super) fn new(file: F) -> Self {
        Self { file, position: 0, end: u64::MAX, newline_is_due: true, row_start: 0 }
    }

    /// Ends the window at byte `end`. The next seek makes it count.
    pub(super) fn end_at(&mut self, end: u64) {
        self.end = end;
    }

    /// Notes where the row that is being read begins.
    pub(super) fn row_starts_at(&mut self, position: u64) {
        self.row_start = position;
    }

    /// The file itself.
    pub(super) fn file(&self) -> &F {
        &self.file
    }
}

impl<F: Read> Read for Window<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position.saturating_sub(self.row_start) > ROW_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a row is too long"));
        }
        let left = usize::try_from(self.end.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let read = self.file.read(&mut buffer[..most])?;
        if read == 0 && self.newline_is_due && !buffer.is_empty() {
            self.newline_is_due = false;
            buffer[0] = b'\n';
            return Ok(1);
        }
        self.position += read as u64;
        Ok(read)
    }
}

impl<F: Seek> Seek for Window<F> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.position = self.file.seek(to)?;
        self.row_start = self.position;
        self.newline_is_due = true;
        Ok(self.position)
    }
}
