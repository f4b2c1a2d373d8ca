use jiff::civil::Date;
use toml::Spanned as Toml;
use toml::de::DeValue;
use toml::value::Datetime;

use super::reader::{Reader, described};
use crate::code::Code;

impl Reader<'_> {
    /// A text that isn't empty.
    pub(super) fn text(&mut self, value: &Toml<DeValue<'_>>, key: &str) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) if !text.trim().is_empty() => Some(text.to_string()),
            DeValue::String(_) => {
                let help = format!("write what it is for: {key} = \"...\"");
                self.report(Code::HW0504, Some(value.span()), format!("`{key}` is empty"), help);
                None
            }
            other => {
                let message = format!("`{key}` takes a text, and this is {}", described(other));
                self.report(Code::HW0504, Some(value.span()), message, format!("write {key} = \"...\""));
                None
            }
        }
    }

    /// A version: a whole number from 1.
    pub(super) fn version(&mut self, value: &Toml<DeValue<'_>>) -> Option<u32> {
        let DeValue::Integer(number) = value.get_ref() else {
            let message = format!("a version is a whole number, and this is {}", described(value.get_ref()));
            self.report(Code::HW0504, Some(value.span()), message, "write the number alone: 1".to_owned());
            return None;
        };
        match u32::from_str_radix(number.as_str(), number.radix()) {
            Ok(version) if version > 0 => Some(version),
            _ => {
                let message = format!("there is no version {number}");
                let help = "the first version of an event is 1".to_owned();
                self.report(Code::HW0504, Some(value.span()), message, help);
                None
            }
        }
    }

    /// A day, as TOML writes one or as a text.
    pub(super) fn date(&mut self, value: &Toml<DeValue<'_>>, key: &str) -> Option<Date> {
        let date = match value.get_ref() {
            DeValue::Datetime(Datetime { date: Some(date), time: None, offset: None }) => {
                date.to_string().parse().ok()
            }
            DeValue::String(text) => text.parse().ok().filter(|date: &Date| date.to_string() == **text),
            _ => None,
        };
        if date.is_none() {
            let message = format!("`{key}` takes a day, which this is not");
            let help = format!("write year, month and day: {key} = \"2027-03-01\"");
            self.report(Code::HW0504, Some(value.span()), message, help);
        }
        date
    }
}
