use std::any::type_name;
use std::cell::Cell;
use std::marker::PhantomData;

use serde::de::value::Error as ProbeError;
use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};
use serde::forward_to_deserialize_any;

use super::RecordsError;

/// A file's first line.
pub(super) struct Header {
    names: Vec<String>,
    place: String,
}

/// Where in a row the fields of `R` are.
pub(super) struct Columns<R> {
    pub(super) indices: Vec<usize>,
    row: PhantomData<fn() -> R>,
}

impl Header {
    pub(super) fn new(place: &str, first_line: &csv::ByteRecord) -> Self {
        let names = first_line.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        Self { names, place: place.to_owned() }
    }

    /// The number of columns.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// The name of column `index`.
    pub(super) fn name(&self, index: usize) -> Option<&str> {
        self.names.get(index).map(String::as_str)
    }

    /// Finds the column of each field of `R`: the names are `serde`'s, so `rename` counts.
    pub(super) fn columns_of<R: DeserializeOwned>(&self) -> Result<Columns<R>, RecordsError> {
        let fields = field_names::<R>().ok_or_else(|| RecordsError::NotAStruct {
            place: self.place.clone(),
            row_type: type_name::<R>(),
        })?;
        let indices = fields.iter().map(|field| self.index_of(field)).collect::<Result<_, _>>()?;
        Ok(Columns { indices, row: PhantomData })
    }

    fn index_of(&self, column: &str) -> Result<usize, RecordsError> {
        self.names.iter().position(|name| name == column).ok_or_else(|| RecordsError::MissingColumn {
            place: self.place.clone(),
            column: column.to_owned(),
            header: self.names.join(","),
        })
    }
}

/// The names of the struct's fields, as `serde` asks a deserializer for them.
fn field_names<R: DeserializeOwned>() -> Option<&'static [&'static str]> {
    let names = Cell::new(None);
    // A probe fails always; what it was asked for is the answer.
    let _ = R::deserialize(Probe { names: &names });
    names.get()
}

struct Probe<'n> {
    names: &'n Cell<Option<&'static [&'static str]>>,
}

impl<'de> Deserializer<'de> for Probe<'_> {
    type Error = ProbeError;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, ProbeError> {
        self.names.set(Some(fields));
        Err(ProbeError::custom("a probe"))
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ProbeError> {
        Err(ProbeError::custom("a probe"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only the names matter")]
    struct Flight {
        #[serde(rename = "tailnum")]
        tail_number: Option<String>,
        origin: String,
    }

    fn header(line: &[&str]) -> Header {
        Header::new("/data/flights.csv", &csv::ByteRecord::from(line))
    }

    #[test]
    fn finds_the_columns_in_any_order() {
        let columns = header(&["year", "origin", "tailnum\r"]).columns_of::<Flight>().unwrap();
        assert_eq!(columns.indices, [2, 1]);
    }

    #[test]
    fn names_the_file_and_the_column_that_is_missing() {
        let error = header(&["year", "from", "tailnum"]).columns_of::<Flight>().err().unwrap();
        assert_eq!(
            error.to_string(),
            "/data/flights.csv has no column \"origin\" (its first line is \"year,from,tailnum\"); \
             restore the column's name"
        );
    }

    #[test]
    fn refuses_a_type_without_named_fields() {
        let error = header(&["year"]).columns_of::<Vec<u8>>().err().unwrap();
        assert!(error.to_string().contains("is not a plain struct"), "{error}");
    }
}
