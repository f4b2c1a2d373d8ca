use std::io::{self, Write};

use serde::Serialize;

/// A JSON array that is written as its elements come, each on a line.
pub(crate) struct JsonArray<'o, W> {
    out: &'o mut W,
    empty: bool,
}

impl<'o, W: Write> JsonArray<'o, W> {
    pub(crate) fn new(out: &'o mut W) -> Self {
        Self { out, empty: true }
    }

    pub(crate) fn element(&mut self, element: &impl Serialize) -> io::Result<()> {
        self.out.write_all(if self.empty { b"[\n" } else { b",\n" })?;
        self.empty = false;
        Ok(serde_json::to_writer(&mut self.out, element)?)
    }

    pub(crate) fn finish(self) -> io::Result<()> {
        self.out.write_all(if self.empty { b"[]\n" } else { b"\n]\n" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(elements: &[&str]) -> String {
        let mut out = Vec::new();
        let mut array = JsonArray::new(&mut out);
        elements.iter().try_for_each(|element| array.element(element)).unwrap();
        array.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn is_a_json_array_of_any_length() {
        assert_eq!(written(&[]), "[]\n");
        assert_eq!(written(&["a"]), "[\n\"a\"\n]\n");
        assert_eq!(written(&["a", "b"]), "[\n\"a\",\n\"b\"\n]\n");
    }
}
