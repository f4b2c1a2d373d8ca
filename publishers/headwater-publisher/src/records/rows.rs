use serde::de::DeserializeOwned;

use super::header::Columns;
use super::row_reader::{RowReader, Step};
use super::{RecordSource, RecordsError, RowErrors};

/// A row that was read, and where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<R> {
    /// The line in which it begins; the file's first line is 1.
    pub line: u64,
    /// Its fields.
    pub fields: R,
}

/// The rows of a file in its own order.
///
/// `R` is a plain struct; `serde`'s names of its fields are the columns'. The file may have more
/// columns. `NA` and an empty field are an `Option`'s `None`.
pub struct Rows<R> {
    reader: RowReader,
    columns: Columns<R>,
    errors: RowErrors,
}

impl<R: DeserializeOwned> Rows<R> {
    /// Opens the file `name`.
    ///
    /// # Errors
    ///
    /// [`RecordsError`] when the file can't be opened, or a column of `R` is missing.
    pub fn open(source: &RecordSource, name: &str) -> Result<Self, RecordsError> {
        let reader = RowReader::new(source.open(name)?)?;
        let columns = reader.header().columns_of()?;
        Ok(Self { reader, columns, errors: RowErrors::default() })
    }

    /// Reads the next row that can be read, or `None` at the end.
    ///
    /// # Errors
    ///
    /// [`RecordsError::Unreadable`] when the file can't be read any more.
    pub fn next_row(&mut self) -> Result<Option<Row<R>>, RecordsError> {
        loop {
            match self.reader.step()? {
                Step::End => return Ok(None),
                Step::Bad(error) => self.errors.push(error),
                Step::Row => match self.reader.read(&self.columns) {
                    Ok(fields) => return Ok(Some(Row { line: self.reader.line(), fields })),
                    Err(error) => self.errors.push(error),
                },
            }
        }
    }

    /// Refuses a row that was read but can't be right; `column` names what is wrong with it.
    pub fn reject(&mut self, line: u64, column: &str, message: impl Into<String>) {
        self.errors.push(self.reader.error(line, Some(column), message.into()));
    }

    /// The rows that couldn't be read so far.
    #[must_use]
    pub fn errors(&self) -> &RowErrors {
        &self.errors
    }
}
