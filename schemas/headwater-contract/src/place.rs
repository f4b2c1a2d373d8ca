use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a finding is: a stretch of a file, or a file as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, as it is to be shown.
    pub path: PathBuf,
    /// The stretch; `None` when it is about the whole file.
    pub excerpt: Option<Excerpt>,
    /// What to say beside the stretch.
    pub label: Option<String>,
}

/// A stretch of a text, kept with the text so that it can be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// All of the file.
    pub source: Arc<str>,
    /// The bytes of the stretch.
    pub span: Range<usize>,
}

/// A position in a text, both parts counted from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

impl Place {
    /// A file as a whole.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), excerpt: None, label: None }
    }

    /// A stretch of a file.
    pub fn span(path: impl Into<PathBuf>, source: Arc<str>, span: Range<usize>) -> Self {
        Self { path: path.into(), excerpt: Some(Excerpt { source, span }), label: None }
    }

    /// Says something beside the stretch.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Where the stretch begins.
    pub fn start(&self) -> Option<Position> {
        self.excerpt.as_ref().map(|excerpt| Position::of(&excerpt.source, excerpt.span.start))
    }

    /// Where the stretch ends: the position after its last character.
    pub fn end(&self) -> Option<Position> {
        self.excerpt.as_ref().map(|excerpt| Position::of(&excerpt.source, excerpt.span.end))
    }

    /// `path:line:column`, or the path alone; with `/` on every platform, so that output can be compared.
    pub fn location(&self) -> String {
        let path = self.path_shown();
        match self.start() {
            Some(Position { line, column }) => format!("{path}:{line}:{column}"),
            None => path,
        }
    }

    /// The path as it is shown.
    pub(crate) fn path_shown(&self) -> String {
        self.path.display().to_string().replace('\\', "/")
    }
}

impl Position {
    /// The position of a byte; one that is past the end counts as the end.
    pub fn of(source: &str, byte: usize) -> Self {
        let mut byte = byte.min(source.len());
        while !source.is_char_boundary(byte) {
            byte -= 1;
        }
        let before = &source[..byte];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_characters_from_one() {
        let source = "ä = 1\nb = 2";
        assert_eq!(Position::of(source, 0), Position { line: 1, column: 1 });
        assert_eq!(Position::of(source, 2), Position { line: 1, column: 2 });
        assert_eq!(Position::of(source, 7), Position { line: 2, column: 1 });
        assert_eq!(Position::of(source, 900), Position { line: 2, column: 6 });
    }
}
