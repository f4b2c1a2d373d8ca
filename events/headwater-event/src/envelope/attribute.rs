use std::fmt;
use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use super::EnvelopeError;

/// The value of an extension attribute.
///
/// CloudEvents' other types (binary, URI, URI reference, timestamp) are text on the wire, in both
/// content modes; in binary mode integers and booleans are too, and come back as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// Text without control characters.
    Text(String),
    /// A 32-bit integer.
    Integer(i32),
    /// True or false.
    Boolean(bool),
}

/// The canonical text form, as binary mode writes it.
impl fmt::Display for AttributeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(integer) => write!(f, "{integer}"),
            Self::Boolean(boolean) => write!(f, "{boolean}"),
        }
    }
}

impl From<&str> for AttributeValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for AttributeValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i32> for AttributeValue {
    fn from(integer: i32) -> Self {
        Self::Integer(integer)
    }
}

impl From<bool> for AttributeValue {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

/// The names that mean something else than an extension.
const RESERVED: [&str; 10] = [
    "specversion",
    "id",
    "source",
    "type",
    "subject",
    "time",
    "datacontenttype",
    "dataschema",
    "data",
    "data_base64",
];

pub(super) fn check_extension_name(name: &str) -> Result<(), EnvelopeError> {
    if RESERVED.contains(&name) {
        return Err(EnvelopeError::attribute(name, "is no extension; the name is reserved"));
    }
    // One rule for what every binding can carry: lower-case letters and digits.
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
        return Err(EnvelopeError::attribute(name, "the name must be lower-case letters and digits only"));
    }
    Ok(())
}

pub(super) fn check_text(name: &str, text: &str) -> Result<(), EnvelopeError> {
    if text.is_empty() {
        return Err(EnvelopeError::attribute(name, "must not be empty"));
    }
    check_characters(name, text)
}

/// An extension may be empty; nothing else may.
pub(super) fn check_characters(name: &str, text: &str) -> Result<(), EnvelopeError> {
    // CloudEvents 1.0, "Type System": no control characters, no non-characters. Most text is plain, and looking at all of it is
    // faster than asking after each byte whether to go on.
    if text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~')) {
        return Ok(());
    }
    let noncharacter =
        |c: char| matches!(u32::from(c) & 0xFFFF, 0xFFFE | 0xFFFF) || ('\u{FDD0}'..='\u{FDEF}').contains(&c);
    match text.chars().find(|&c| c.is_control() || noncharacter(c)) {
        Some(bad) => Err(EnvelopeError::attribute(name, format!("must not hold the character {bad:?}"))),
        None => Ok(()),
    }
}

/// RFC 3986's set of characters: enough to refuse what no parser would take.
pub(super) fn check_uri_reference(name: &str, text: &str) -> Result<(), EnvelopeError> {
    check_text(name, text)?;
    let allowed = |b: u8| {
        b.is_ascii_alphanumeric()
            || matches!(b, b'-' | b'.' | b'_' | b'~' | b':' | b'/' | b'?' | b'#' | b'[' | b']' | b'@' | b'%')
            || matches!(b, b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=')
    };
    if !text.bytes().all(allowed) {
        return Err(EnvelopeError::attribute(
            name,
            format!("{text:?} is not a URI reference; percent-encode it"),
        ));
    }
    Ok(())
}

pub(super) fn check_absolute_uri(name: &str, text: &str) -> Result<(), EnvelopeError> {
    check_uri_reference(name, text)?;
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    let valid = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    if valid {
        Ok(())
    } else {
        Err(EnvelopeError::attribute(name, format!("{text:?} is not an absolute URI")))
    }
}

/// RFC 2046: `type/subtype`, then parameters.
pub(super) fn check_media_type(name: &str, text: &str) -> Result<(), EnvelopeError> {
    if text == "application/json" {
        return Ok(());
    }
    check_text(name, text)?;
    let mut parts = split_outside_quotes(text);
    let essence = parts.next().is_some_and(|essence| {
        essence.trim().split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
    });
    let mut parameters = parts.map(str::trim).filter(|parameter| !parameter.is_empty());
    if essence && parameters.all(is_parameter) {
        Ok(())
    } else {
        Err(EnvelopeError::attribute(name, format!("{text:?} is not a media type like `application/json`")))
    }
}

/// The parts between semicolons; one inside a quoted string ends no part.
fn split_outside_quotes(text: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |character: char| {
        let literal = std::mem::take(&mut escaped);
        match character {
            '"' if !literal => quoted = !quoted,
            '\\' if quoted && !literal => escaped = true,
            _ => {}
        }
        character == ';' && !quoted
    })
}

/// Looser than RFC 2046 in one point: an unquoted value may be a URI, as it often is.
fn is_parameter(text: &str) -> bool {
    text.split_once('=').is_some_and(|(key, value)| {
        let (key, value) = (key.trim(), value.trim());
        let quoted = value.len() > 1 && value.starts_with('"') && value.ends_with('"');
        let plain = !value.is_empty() && !value.contains([' ', '"']);
        is_token(key) && (quoted || plain)
    })
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// RFC 3339, and nothing looser: jiff takes more of ISO 8601 than CloudEvents does.
pub(super) fn parse_time(text: &str) -> Result<Timestamp, EnvelopeError> {
    let error = || {
        EnvelopeError::attribute(
            "time",
            format!("{text:?} is not an RFC 3339 time like `2013-01-01T10:15:00Z`"),
        )
    };
    let shaped = |part: &str, shape: &str| {
        part.len() == shape.len()
            && part.bytes().zip(shape.bytes()).all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                _ => byte.eq_ignore_ascii_case(&shape),
            })
    };
    let (date_time, rest) = text.split_at_checked(19).ok_or_else(error)?;
    let offset_at = rest.find(['Z', 'z', '+', '-']).ok_or_else(error)?;
    let (fraction, offset) = rest.split_at(offset_at);
    let fraction_valid = fraction.is_empty()
        || (fraction.len() > 1
            && fraction.starts_with('.')
            && fraction[1..].bytes().all(|b| b.is_ascii_digit()));
    let zulu = shaped(offset, "Z");
    // jiff knows offsets beyond a day, RFC 3339 doesn't.
    let offset_valid =
        zulu || ((shaped(offset, "+00:00") || shaped(offset, "-00:00")) && &offset[1..3] < "24");
    if !shaped(date_time, "0000-00-00T00:00:00") || !fraction_valid || !offset_valid {
        return Err(error());
    }
    if zulu
        && fraction.is_empty()
        && let Some(time) = whole_second(date_time)
    {
        return Ok(time);
    }
    // RFC 3339 sets no limit to the digits; below nanoseconds they are cut off.
    match fraction.get(..10) {
        Some(nanoseconds) => format!("{date_time}{nanoseconds}{offset}").parse(),
        None => text.parse(),
    }
    .map_err(|_| error())
}

/// Reads `0000-00-00T00:00:00` as UTC: what most times look like, and several times as fast as what reads any.
fn whole_second(text: &str) -> Option<Timestamp> {
    let part = |range: Range<usize>| text.get(range)?.parse::<i16>().ok();
    let small = |range: Range<usize>| i8::try_from(part(range)?).ok();
    let date = Date::new(part(0..4)?, small(5..7)?, small(8..10)?).ok()?;
    // A leap second is none here.
    let time = Time::new(small(11..13)?, small(14..16)?, small(17..19)?, 0).ok()?;
    Offset::UTC.to_timestamp(DateTime::from_parts(date, time)).ok()
}

/// RFC 3339 writes years with four digits, so an instant outside of them has no form on the wire.
pub(super) fn check_time(time: Timestamp) -> Result<(), EnvelopeError> {
    /// 0000-01-01T00:00:00Z. The end needs no check: jiff's last instant is in 9999.
    const FIRST_SECOND: i64 = -62_167_219_200;
    if time.as_second() < FIRST_SECOND || (time.as_second() == FIRST_SECOND && time.subsec_nanosecond() < 0) {
        return Err(EnvelopeError::attribute("time", "must be in the years 0000 to 9999"));
    }
    Ok(())
}

pub(super) fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence == "text/json" || essence.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_seconds_are_read_as_all_times_are() {
        for text in [
            "2013-01-01T10:15:00",
            "1969-12-31T23:59:59",
            "2024-02-29T00:00:00",
            "9999-12-30T21:59:59",
            "0000-01-01T00:00:00",
            "2016-12-31T23:59:60",
            "2023-02-29T00:00:00",
            "2013-13-01T00:00:00",
            "2013-01-01T24:00:00",
            "2013-01-01T00:60:00",
            "2013-01-01T00:00:61",
        ] {
            let any: Option<Timestamp> = format!("{text}Z").parse().ok();
            assert_eq!(parse_time(&format!("{text}Z")).ok(), any, "{text}");
            let fast = whole_second(text);
            assert!(fast.is_none() || fast == any, "{text}: {fast:?}");
        }
        assert!(whole_second("2013-01-01T10:15:00").is_some());
    }
}
