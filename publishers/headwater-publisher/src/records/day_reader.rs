use std::collections::btree_map;
use std::iter::Peekable;

use jiff::civil::Date;
use serde::de::DeserializeOwned;

use super::day_index::DayIndex;
use super::header::Columns;
use super::row_reader::{RowReader, Run, Step};
use super::{RecordSource, RecordsError, Row, RowErrors};

/// Reads a file one date at a time, in date order, however the file is ordered.
///
/// The file has the columns `year`, `month` and `day`. A first pass notes where each date's rows are;
/// after that no more than one day is in memory. `R` is as for [`Rows`](super::Rows).
pub struct DayReader<R> {
    reader: RowReader,
    columns: Columns<R>,
    days: Peekable<btree_map::IntoIter<Date, Vec<Run>>>,
    errors: RowErrors,
}

impl<R: DeserializeOwned> DayReader<R> {
    /// Opens the file `name` and finds its days.
    ///
    /// # Errors
    ///
    /// [`RecordsError`] when the file can't be opened or read, or a column is missing.
    pub fn open(source: &RecordSource, name: &str) -> Result<Self, RecordsError> {
        let mut reader = RowReader::new(source.open(name)?)?;
        let columns = reader.header().columns_of()?;
        let mut errors = RowErrors::default();
        let days = DayIndex::read(&mut reader, &mut errors)?.days.into_iter().peekable();
        Ok(Self { reader, columns, days, errors })
    }

    /// The date that [`next_day`](Self::next_day) reads, or `None` after the last one.
    pub fn next_date(&mut self) -> Option<Date> {
        self.days.peek().map(|(date, _)| *date)
    }

    /// Puts the rows of the next date into `rows`, in the file's order, in place of what is there.
    ///
    /// # Errors
    ///
    /// [`RecordsError::Unreadable`] when the file can't be read any more.
    pub fn next_day(&mut self, rows: &mut Vec<Row<R>>) -> Result<Option<Date>, RecordsError> {
        rows.clear();
        let Some((date, runs)) = self.days.next() else { return Ok(None) };
        for run in &runs {
            self.reader.go_to(run)?;
            loop {
                match self.reader.step()? {
                    Step::End => break,
                    Step::Bad(error) => self.errors.push(error),
                    Step::Row => match self.reader.read(&self.columns) {
                        Ok(fields) => rows.push(Row { line: self.reader.line(), fields }),
                        Err(error) => self.errors.push(error),
                    },
                }
            }
        }
        Ok(Some(date))
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

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Note {
        text: String,
        stars: Option<u8>,
    }

    fn reader(csv: &str) -> DayReader<Note> {
        let bytes: &'static [u8] = csv.as_bytes().to_vec().leak();
        let files: &'static [_] = vec![("notes.csv", bytes)].leak();
        DayReader::open(&RecordSource::built_in(files), "notes.csv").unwrap()
    }

    /// Date, line and text of all rows, and all errors.
    fn read(csv: &str) -> (Vec<(Date, u64, String)>, Vec<String>) {
        let mut reader = reader(csv);
        let (mut all, mut rows) = (Vec::new(), Vec::new());
        while let Some(date) = reader.next_day(&mut rows).unwrap() {
            all.extend(rows.drain(..).map(|row| (date, row.line, row.fields.text)));
        }
        let errors = reader.errors().first().iter().map(ToString::to_string).collect();
        (all, errors)
    }

    fn row(day: i8, line: u64, text: &str) -> (Date, u64, String) {
        (date(2013, 1, day), line, text.to_owned())
    }

    #[test]
    fn reads_days_in_order_from_a_file_in_any_order() {
        let (rows, errors) = read(
            "text,stars,year,month,day\n\
             c,3,2013,1,3\na,1,2013,1,1\na2,NA,2013,1,1\nb,2,2013,1,2\na3,1,2013,1,1\n",
        );
        assert_eq!(rows, [row(1, 3, "a"), row(1, 4, "a2"), row(1, 6, "a3"), row(2, 5, "b"), row(3, 2, "c")]);
        assert!(errors.is_empty());
    }

    #[test]
    fn keeps_quoted_commas_and_newlines_in_their_field_and_counts_their_lines() {
        let (rows, errors) = read(
            "text,stars,year,month,day\n\
             \"one, two\nthree\",3,2013,1,2\n\"say \"\"hi\"\"\",1,2013,1,1\nlast,1,2013,1,2",
        );
        assert_eq!(rows, [row(1, 4, "say \"hi\""), row(2, 2, "one, two\nthree"), row(2, 5, "last")]);
        assert!(errors.is_empty());
    }

    #[test]
    fn reads_crlf_blank_lines_and_a_byte_order_mark_alike() {
        for newline in ["\n", "\r\n"] {
            let csv = "\u{feff}year,month,day,stars,text\n\n2013,1,1,1,a\n\n\n2013,1,2,x,b\n2013,1,1,1,c";
            let (rows, errors) = read(&csv.replace('\n', newline));
            assert_eq!(rows, [row(1, 3, "a"), row(1, 7, "c")]);
            assert_eq!(errors, ["notes.csv:6: stars: \"x\" is not a whole number from 0 to 255"]);
        }
    }

    #[test]
    fn says_which_line_has_the_wrong_number_of_fields_and_goes_on() {
        let (rows, errors) = read("year,month,day,text,stars\n2013,1,1,a\n2013,1,1,b,1\n2013,1,1,c,1,1\n");
        assert_eq!(rows, [row(1, 3, "b")]);
        assert_eq!(
            errors,
            [
                "notes.csv:2: 4 fields where the first line has 5",
                "notes.csv:4: 6 fields where the first line has 5"
            ]
        );
    }

    #[test]
    fn says_which_part_of_a_date_is_wrong() {
        let (rows, errors) =
            read("year,month,day,text,stars\n2013,13,1,a,1\n2013,2,29,b,1\nMMXIII,1,1,c,1\n2013,1,1,d,1\n");
        assert_eq!(rows, [row(1, 5, "d")]);
        assert_eq!(
            errors,
            [
                "notes.csv:2: month: 2013-13-1 is not a date",
                "notes.csv:3: day: 2013-2-29 is not a date",
                "notes.csv:4: year: \"MMXIII\" is not a whole number from -32768 to 32767",
            ]
        );
    }

    #[test]
    fn loses_only_one_line_to_a_quote_that_is_never_closed() {
        let filler = "2013,1,1,fine,1\n".repeat(40_000);
        let (rows, errors) = read(&format!("year,month,day,text,stars\n\n2013,1,1,\"a,1\n{filler}"));
        assert_eq!(rows.len(), 40_000);
        assert_eq!(rows[0], row(1, 4, "fine"));
        assert_eq!(errors.len(), 1);
        assert!(errors[0].starts_with("notes.csv:3: a quote is opened and not closed"), "{errors:?}");
    }

    #[test]
    fn loses_only_one_line_to_a_quote_that_another_mistake_closes() {
        let (rows, errors) =
            read("year,month,day,text,stars\n2013,1,1,\"a,1\n2013,1,1,b,1\n2013,1,1,c,1\"\n2013,1,2,d,1\n");
        assert_eq!(rows, [row(1, 3, "b"), row(2, 5, "d")]);
        assert!(errors[0].starts_with("notes.csv:2: a quote is opened"), "{errors:?}");
        assert_eq!(errors[1], "notes.csv:4: stars: \"1\\\"\" is not a whole number from 0 to 255");
    }

    #[test]
    fn skips_a_row_that_is_not_utf_8_where_it_matters() {
        let csv: &'static [u8] = b"year,month,day,text,stars,junk\n2013,1,1,\xff,1,x\n2013,1,1,b,1,\xff\n";
        let files: &'static [_] = vec![("notes.csv", csv)].leak();
        let mut reader = DayReader::<Note>::open(&RecordSource::built_in(files), "notes.csv").unwrap();
        let mut rows = Vec::new();
        reader.next_day(&mut rows).unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(reader.errors().first()[0].to_string(), "notes.csv:2: text: \"\u{fffd}\" is not UTF-8");
    }

    #[test]
    fn names_the_next_day_before_it_is_read() {
        let mut reader = reader("year,month,day,text,stars\n2013,1,2,a,1\n2013,1,1,b,1\n");
        assert_eq!(reader.next_date(), Some(date(2013, 1, 1)));
        reader.next_day(&mut Vec::new()).unwrap();
        assert_eq!(reader.next_date(), Some(date(2013, 1, 2)));
        reader.next_day(&mut Vec::new()).unwrap();
        assert_eq!(reader.next_date(), None);
    }

    #[test]
    fn a_file_without_the_date_is_refused() {
        let files: &'static [_] = vec![("notes.csv", &b"text,stars,year,day\n"[..])].leak();
        let error = DayReader::<Note>::open(&RecordSource::built_in(files), "notes.csv").err().unwrap();
        assert!(error.to_string().contains("no column \"month\""), "{error}");
    }
}
