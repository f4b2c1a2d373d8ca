use std::fmt;

use csv::ByteRecord;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// What is wrong with one field. The csv crate's own deserializer forgets the column of a type that
/// refuses a value, and knows no `NA`.
#[derive(Debug)]
pub(super) struct FieldError {
    /// The field's index in the row, if the error is a field's.
    pub(super) column: Option<usize>,
    pub(super) message: String,
}

/// The fields of a row that a struct wants, in the struct's order.
pub(super) struct Fields<'r> {
    pub(super) record: &'r ByteRecord,
    pub(super) columns: &'r [usize],
}

impl<'de> Deserializer<'de> for Fields<'de> {
    type Error = FieldError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        visitor.visit_seq(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> SeqAccess<'de> for Fields<'de> {
    type Error = FieldError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, FieldError> {
        let Some((&column, rest)) = self.columns.split_first() else { return Ok(None) };
        self.columns = rest;
        let at_column = |error: FieldError| FieldError { column: Some(column), ..error };

        let mut bytes = self.record.get(column).unwrap_or_default();
        if column + 1 == self.record.len() {
            // Of CRLF, the reader takes LF for the end of the row.
            bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| {
            at_column(de::Error::custom(format_args!("{:?} is not UTF-8", String::from_utf8_lossy(bytes))))
        })?;
        seed.deserialize(Field { text }).map(Some).map_err(at_column)
    }
}

/// One field. `NA` and nothing at all are how records write a missing value.
struct Field<'r> {
    text: &'r str,
}

/// A whole number's method: `serde`'s name, the visitor's, and the type.
macro_rules! whole_numbers {
    ($($deserialize:ident $visit:ident $type:ty),*) => {$(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
            let number: $type = self.text.parse().map_err(|_| {
                de::Error::custom(format_args!(
                    "{:?} is not a whole number from {} to {}", self.text, <$type>::MIN, <$type>::MAX
                ))
            })?;
            visitor.$visit(number)
        }
    )*};
}

impl<'de> Deserializer<'de> for Field<'de> {
    type Error = FieldError;

    whole_numbers! {
        deserialize_i8 visit_i8 i8, deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32, deserialize_i64 visit_i64 i64,
        deserialize_u8 visit_u8 u8, deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        match self.text.parse::<f64>() {
            // JSON has no NaN and no infinity, so an event can't hold them.
            Ok(number) if number.is_finite() => visitor.visit_f64(number),
            _ => Err(de::Error::custom(format_args!("{:?} is not a number", self.text))),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        if matches!(self.text, "NA" | "") { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FieldError> {
        visitor.visit_enum(self.text.into_deserializer())
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FieldError> {
        BorrowedStrDeserializer::new(self.text).deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

impl de::Error for FieldError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { column: None, message: message.to_string() }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FieldError {}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Named(String);

    #[derive(Debug, PartialEq, Deserialize)]
    enum Sky {
        Clear,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Everything {
        name: Named,
        count: Option<u8>,
        ratio: f64,
        sky: Sky,
    }

    fn read(fields: [&[u8]; 4]) -> Result<Everything, FieldError> {
        let record = ByteRecord::from(&fields[..]);
        Everything::deserialize(Fields { record: &record, columns: &[1, 0, 2, 3] })
    }

    #[test]
    fn reads_the_columns_that_the_struct_names() {
        let row = read([b"7", b"x", b"0.5", b"Clear\r"]).unwrap();
        assert_eq!(row, Everything { name: Named("x".into()), count: Some(7), ratio: 0.5, sky: Sky::Clear });
    }

    #[test]
    fn takes_na_and_nothing_for_a_missing_value() {
        assert_eq!(read([b"NA", b"x", b"1", b"Clear"]).unwrap().count, None);
        assert_eq!(read([b"", b"x", b"1", b"Clear"]).unwrap().count, None);
    }

    #[test]
    fn names_the_column_and_the_value_that_is_wrong() {
        for (fields, column, message) in [
            ([b"300", b"x", b"1", b"Clear"] as [&[u8]; 4], 0, "\"300\" is not a whole number from 0 to 255"),
            ([b"7", b"\xff", b"1", b"Clear"], 1, "\"\u{fffd}\" is not UTF-8"),
            ([b"7", b"x", b"NaN", b"Clear"], 2, "\"NaN\" is not a number"),
            ([b"7", b"x", b"1", b"Blue"], 3, "unknown variant `Blue`, expected `Clear`"),
        ] {
            let error = read(fields).unwrap_err();
            assert_eq!((error.column, error.message.as_str()), (Some(column), message));
        }
    }
}
