use std::io::{self, Write};

/// How many rows decide together how wide the columns are. A result of any size takes no more memory.
const ROWS_PER_PAGE: usize = 1000;

/// Rows as aligned columns. Widths only ever grow from page to page.
pub(crate) struct Table<'o, W, const COLUMNS: usize> {
    out: &'o mut W,
    page: Vec<[String; COLUMNS]>,
    widths: [usize; COLUMNS],
    aligned: [Align; COLUMNS],
}

/// On which side of its column a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

impl<'o, W: Write, const COLUMNS: usize> Table<'o, W, COLUMNS> {
    pub(crate) fn new(out: &'o mut W, columns: [(&str, Align); COLUMNS]) -> Self {
        let header = columns.map(|(name, _)| name.to_owned());
        Self { out, page: vec![header], widths: [0; COLUMNS], aligned: columns.map(|(_, align)| align) }
    }

    pub(crate) fn row(&mut self, row: [String; COLUMNS]) -> io::Result<()> {
        self.page.push(row);
        if self.page.len() >= ROWS_PER_PAGE { self.write_page() } else { Ok(()) }
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.write_page()
    }

    fn write_page(&mut self) -> io::Result<()> {
        for row in &self.page {
            for (width, text) in self.widths.iter_mut().zip(row) {
                *width = text.chars().count().max(*width);
            }
        }
        for row in self.page.drain(..) {
            let mut line = String::new();
            for ((text, &width), align) in row.iter().zip(&self.widths).zip(&self.aligned) {
                line += &match align {
                    Align::Left => format!("{text:<width$}  "),
                    Align::Right => format!("{text:>width$}  "),
                };
            }
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligns_columns_and_leaves_no_space_at_the_end() {
        let mut out = Vec::new();
        let mut table = Table::new(&mut out, [("NAME", Align::Left), ("N", Align::Right), ("", Align::Left)]);
        table.row(["é".to_owned(), "10".to_owned(), String::new()]).unwrap();
        table.finish().unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "NAME   N\né     10\n");
    }

    #[test]
    fn a_later_page_is_not_narrower() {
        let mut out = Vec::new();
        let mut table = Table::new(&mut out, [("A", Align::Left), ("B", Align::Left)]);
        for row in 0..ROWS_PER_PAGE + 5 {
            let key = if row == 0 { "a long key" } else { "k" };
            table.row([key.to_owned(), row.to_string()]).unwrap();
        }
        table.finish().unwrap();
        let out = String::from_utf8(out).unwrap();
        assert_eq!(out.lines().count(), ROWS_PER_PAGE + 6);
        assert_eq!(out.lines().last(), Some("k           1004"));
    }
}
