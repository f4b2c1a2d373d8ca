use std::io::{self, BufRead as _, BufReader, Read};

use super::RecomputeError;

/// The rows of a CSV file, one line each, with the columns that are wanted.
///
/// No field of the records holds a line break, so a row is a line: a quote that is opened by mistake
/// spoils its own row and no other.
pub(super) struct Lines<const COLUMNS: usize> {
    file: &'static str,
    bytes: BufReader<Box<dyn Read>>,
    line: Vec<u8>,
    /// How many fields a row has.
    width: usize,
    /// Where in a row the wanted columns are.
    columns: [usize; COLUMNS],
}

/// The wanted fields of a row, or nothing if it isn't a row of this file.
pub(super) type Fields<const COLUMNS: usize> = Option<[String; COLUMNS]>;

impl<const COLUMNS: usize> Lines<COLUMNS> {
    pub(super) fn open(
        open: &impl Fn(&str) -> io::Result<Box<dyn Read>>,
        file: &'static str,
        wanted: [&'static str; COLUMNS],
    ) -> Result<Self, RecomputeError> {
        let unreadable = |source| RecomputeError::Unreadable { file, source };
        let mut bytes = BufReader::new(open(file).map_err(unreadable)?);
        let mut first = String::new();
        bytes.read_line(&mut first).map_err(unreadable)?;
        let header = first.trim_start_matches('\u{feff}').trim_end();
        let names = split(header).unwrap_or_default();
        let mut columns = [0; COLUMNS];
        for (index, column) in columns.iter_mut().zip(wanted) {
            let found = names.iter().position(|name| name.trim() == column);
            *index = found.ok_or_else(|| RecomputeError::MissingColumn {
                file,
                column,
                header: header.to_owned(),
            })?;
        }
        Ok(Self { file, bytes, line: Vec::new(), width: names.len(), columns })
    }

    /// The next row; blank lines are none.
    pub(super) fn next(&mut self) -> Result<Option<Fields<COLUMNS>>, RecomputeError> {
        loop {
            self.line.clear();
            let read = self.bytes.read_until(b'\n', &mut self.line);
            if read.map_err(|source| RecomputeError::Unreadable { file: self.file, source })? == 0 {
                return Ok(None);
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(Some(self.fields()));
            }
        }
    }

    fn fields(&self) -> Fields<COLUMNS> {
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut fields = split(&String::from_utf8_lossy(line))?;
        (fields.len() == self.width).then(|| self.columns.map(|column| std::mem::take(&mut fields[column])))
    }
}

/// The fields of a line; nothing when a quote is opened and not closed.
fn split(line: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None => return after.is_empty().then_some(fields),
        }
    }
}

/// The text up to the closing quote, and what follows it. Two quotes stand for one.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut rest = quoted;
    loop {
        let (before, after) = rest.split_once('"')?;
        text.push_str(before);
        match after.strip_prefix('"') {
            Some(next) => {
                text.push('"');
                rest = next;
            }
            None => return Some((text, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_commas_outside_quotes() {
        for (line, fields) in [
            ("a,b,", vec!["a", "b", ""]),
            ("\"a, b\",c", vec!["a, b", "c"]),
            ("\"say \"\"hi\"\"\",\"\"", vec!["say \"hi\"", ""]),
            ("5' 3\",x", vec!["5' 3\"", "x"]),
        ] {
            assert_eq!(split(line).unwrap(), fields, "{line}");
        }
        for line in ["\"a,b", "a,\"b\"c", "\"a\"\""] {
            assert_eq!(split(line), None, "{line}");
        }
    }

    fn lines<const COLUMNS: usize>(
        csv: &'static str,
        wanted: [&'static str; COLUMNS],
    ) -> Result<Lines<COLUMNS>, RecomputeError> {
        Lines::open(&|_: &str| Ok(Box::new(csv.as_bytes()) as Box<dyn Read>), "notes.csv", wanted)
    }

    #[test]
    fn finds_the_columns_by_name_and_skips_blank_lines() {
        let mut lines = lines("\u{feff}a,b,c\r\n1,2,3\r\n\r\n1,2\r\n\"4,5,6\r\n7,8,9", ["c", "a"]).unwrap();
        let mut rows = Vec::new();
        while let Some(row) = lines.next().unwrap() {
            rows.push(row.map(|fields| fields.join(" ")));
        }
        assert_eq!(rows, [Some("3 1".to_owned()), None, None, Some("9 7".to_owned())]);
    }

    #[test]
    fn names_the_column_that_is_missing() {
        let error = lines("a,b\n", ["c"]).err().unwrap().to_string();
        assert!(error.contains("no column \"c\" in notes.csv (its first line is \"a,b\")"), "{error}");
    }
}
