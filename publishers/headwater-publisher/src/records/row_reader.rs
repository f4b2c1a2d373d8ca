use std::io::{Read, SeekFrom};
use std::ops::Range;

use csv::{ByteRecord, Position, Reader, ReaderBuilder, Terminator};
use serde::de::DeserializeOwned;

use super::field::Fields;
use super::file::RecordFile;
use super::header::{Columns, Header};
use super::window::{ROW_BYTES_MAX, Window};
use super::{RecordsError, RowError};

/// Reads rows one by one into a buffer that it reuses, and knows exactly where each of them is.
pub(super) struct RowReader {
    csv: Reader<Window<RecordFile>>,
    header: Header,
    record: ByteRecord,
    /// The line in which the row in `record` begins.
    line: u64,
}

/// What came of reading a row.
pub(super) enum Step {
    /// A row with as many fields as the header is in the buffer.
    Row,
    /// A row was skipped.
    Bad(RowError),
    /// There are no more.
    End,
}

/// Rows that follow each other in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    /// From the first byte of the first row to the last of the last.
    pub(super) bytes: Range<u64>,
    /// The line at `bytes.start`, as the csv crate counts.
    pub(super) line: u64,
}

impl RowReader {
    pub(super) fn new(file: RecordFile) -> Result<Self, RecordsError> {
        let place = file.place.clone();
        let mut csv = ReaderBuilder::new()
            // The number of fields is checked here, to say it better and to go on.
            .flexible(true)
            // With CR LF as the end of a row, the csv crate counts the LF to the row that follows.
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(64 * 1024)
            .from_reader(Window::new(file));
        let first_line = match csv.byte_headers() {
            Ok(first_line) if first_line.is_empty() => return Err(RecordsError::NoHeader { place }),
            Ok(first_line) => first_line.clone(),
            Err(error) => return Err(io_error(place, error)),
        };
        let header = Header::new(&place, &first_line);
        Ok(Self { csv, header, record: ByteRecord::new(), line: 0 })
    }

    pub(super) fn header(&self) -> &Header {
        &self.header
    }

    /// Goes to the rows of `run`; after them comes the end.
    pub(super) fn go_to(&mut self, run: &Run) -> Result<(), RecordsError> {
        self.csv.get_mut().end_at(run.bytes.end);
        let mut position = Position::new();
        position.set_byte(run.bytes.start).set_line(run.line);
        self.seek(position)
    }

    /// Reads the next row, whatever it holds, into the buffer.
    pub(super) fn step(&mut self) -> Result<Step, RecordsError> {
        loop {
            let start = self.csv.position().clone();
            self.csv.get_mut().row_starts_at(start.byte());
            match self.csv.read_byte_record(&mut self.record) {
                Ok(true) => {}
                Ok(false) => return Ok(Step::End),
                Err(error) if is_too_long(&error) => return self.skip_open_quote(&start).map(Step::Bad),
                Err(error) => return Err(self.io_error(error)),
            }
            if self.record.len() == 1 && self.record[0].trim_ascii().is_empty() {
                continue;
            }

            let newlines = self.record.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64;
            self.line = self.csv.position().line().saturating_sub(1 + newlines);
            if self.record.len() == self.header.len() {
                return Ok(Step::Row);
            }
            if newlines > 0 {
                return self.skip_open_quote(&start).map(Step::Bad);
            }
            let fields = self.record.len();
            let message = format!("{fields} fields where the first line has {}", self.header.len());
            return Ok(Step::Bad(self.error(self.line, None, message)));
        }
    }

    /// The line in which the current row begins.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The current row's bytes, to return to; and the blank lines before it, which do no harm.
    pub(super) fn run(&self) -> Run {
        let start = self.record.position().cloned().unwrap_or_else(Position::new);
        Run { bytes: start.byte()..self.csv.position().byte(), line: start.line() }
    }

    /// Reads the current row as an `R`.
    pub(super) fn read<R: DeserializeOwned>(&self, columns: &Columns<R>) -> Result<R, RowError> {
        R::deserialize(Fields { record: &self.record, columns: &columns.indices }).map_err(|error| {
            let column = error.column.and_then(|index| self.header.name(index));
            self.error(self.line, column, error.message)
        })
    }

    /// That the row at `line` is wrong.
    pub(super) fn error(&self, line: u64, column: Option<&str>, message: String) -> RowError {
        let file = self.csv.get_ref().file().name.clone();
        RowError { file, line, column: column.map(str::to_owned), message }
    }

    /// Takes only the first line of the row at `start` for bad, and goes on in the next: a quote that
    /// opens by mistake must not swallow the rows after it.
    fn skip_open_quote(&mut self, start: &Position) -> Result<RowError, RecordsError> {
        let (mut byte, mut line) = (start.byte(), start.line());
        self.seek(start.clone())?;
        let mut row_has_begun = false;
        let mut chunk = [0; 4096];
        'row: loop {
            let read = match self.csv.get_mut().read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => read,
                Err(source) => return Err(self.io_error(source.into())),
            };
            for &next in &chunk[..read] {
                byte += 1;
                match next {
                    b'\n' if row_has_begun => break 'row,
                    b'\n' => line += 1,
                    b'\r' => {}
                    _ => row_has_begun = true,
                }
            }
            self.csv.get_mut().row_starts_at(byte);
        }
        let mut after = Position::new();
        after.set_byte(byte).set_line(line + 1);
        self.seek(after)?;
        let message = format!("a quote is opened and not closed within the row or {ROW_BYTES_MAX} bytes");
        Ok(self.error(line, None, message))
    }

    fn seek(&mut self, position: Position) -> Result<(), RecordsError> {
        // Not `seek`: it does nothing when the position is the present one, and the window may have changed.
        match self.csv.seek_raw(SeekFrom::Start(position.byte()), position) {
            Ok(()) => Ok(()),
            Err(error) => Err(self.io_error(error)),
        }
    }

    fn io_error(&self, error: csv::Error) -> RecordsError {
        io_error(self.csv.get_ref().file().place.clone(), error)
    }
}

fn is_too_long(error: &csv::Error) -> bool {
    matches!(error.kind(), csv::ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::InvalidData)
}

fn io_error(place: String, error: csv::Error) -> RecordsError {
    RecordsError::Unreadable { place, source: error.into() }
}
