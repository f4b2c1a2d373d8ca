use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned as Toml;
use toml::de::{DeString, DeTable, DeValue};

use crate::code::Code;
use crate::finding::Finding;
use crate::place::Place;
use crate::suggest::nearest;

/// Collects what is wrong while a contract is read, so that all of it is reported at once.
pub(super) struct Reader<'p> {
    path: &'p Path,
    source: Arc<str>,
    findings: Vec<Finding>,
}

/// A table whose keys are known beforehand.
pub(super) struct Fields<'t> {
    table: &'t DeTable<'t>,
    /// How the table is called in messages: `[service]`.
    called: String,
    /// Where to say that a key is missing.
    span: Option<Range<usize>>,
    /// The keys that others were probably meant to be: it is reported there, and they aren't missing as well.
    meant: Vec<String>,
}

impl<'p> Reader<'p> {
    pub(super) fn new(path: &'p Path, source: Arc<str>) -> Self {
        Self { path, source, findings: Vec::new() }
    }

    pub(super) fn finish(self) -> Vec<Finding> {
        self.findings
    }

    /// Reports something; `None` stands for the file as a whole.
    pub(super) fn report(&mut self, code: Code, span: Option<Range<usize>>, message: String, help: String) {
        let place = match span {
            Some(span) => Place::span(self.path, Arc::clone(&self.source), span),
            None => Place::file(self.path),
        };
        self.findings.push(Finding::new(code, message).at(place).help(help));
    }

    /// The outermost table.
    pub(super) fn document<'t>(&mut self, table: &'t DeTable<'t>, keys: &[&str], called: &str) -> Fields<'t> {
        let meant = self.refuse_others(table, keys, called);
        Fields { table, called: called.to_owned(), span: None, meant }
    }

    /// A table inside; anything else is reported.
    pub(super) fn fields<'t>(
        &mut self,
        value: &'t Toml<DeValue<'t>>,
        place: Range<usize>,
        keys: &[&str],
        called: String,
    ) -> Option<Fields<'t>> {
        let table = self.table(value, &called, format!("write a table with {}", listed(keys)))?;
        let meant = self.refuse_others(table, keys, &called);
        Some(Fields { table, called, span: Some(place), meant })
    }

    /// A table inside whose keys are free; anything else is reported.
    pub(super) fn table<'t>(
        &mut self,
        value: &'t Toml<DeValue<'t>>,
        called: &str,
        help: String,
    ) -> Option<&'t DeTable<'t>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            let message = format!("{called} takes a table, and this is {}", described(value.get_ref()));
            self.report(Code::HW0504, Some(value.span()), message, help);
        }
        table
    }

    /// Reports the keys that mean nothing; the answer is what they were probably meant to be.
    fn refuse_others(&mut self, table: &DeTable<'_>, keys: &[&str], called: &str) -> Vec<String> {
        let mut all_meant = Vec::new();
        for (key, _) in in_file_order(table) {
            let name = key.get_ref().as_ref();
            if keys.contains(&name) {
                continue;
            }
            let meant = nearest(name, keys.iter().copied());
            let help = match meant {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("{called} takes {}", listed(keys)),
            };
            self.report(Code::HW0502, Some(key.span()), format!("{called} has no key `{name}`"), help);
            all_meant.extend(meant.map(str::to_owned));
        }
        all_meant
    }
}

impl<'t> Fields<'t> {
    /// A key and its value, if the key is there.
    pub(super) fn optional(&self, key: &str) -> Option<(&'t Toml<DeString<'t>>, &'t Toml<DeValue<'t>>)> {
        self.table.iter().find(|(name, _)| name.get_ref() == key)
    }

    /// A key and its value; that it is missing is reported, with an example of it.
    pub(super) fn required(
        &self,
        reader: &mut Reader<'_>,
        key: &str,
        example: &str,
    ) -> Option<(&'t Toml<DeString<'t>>, &'t Toml<DeValue<'t>>)> {
        let found = self.optional(key);
        if found.is_none() && !self.meant.iter().any(|meant| meant == key) {
            let message = format!("{} has no `{key}`", self.called);
            reader.report(Code::HW0503, self.span.clone(), message, format!("add {example}"));
        }
        found
    }
}

/// What is in a table, as the file has it; by itself a table is in alphabetical order.
pub(super) fn in_file_order<'t>(
    table: &'t DeTable<'t>,
) -> Vec<(&'t Toml<DeString<'t>>, &'t Toml<DeValue<'t>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// A value by its kind, for messages.
pub(super) fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a truth value",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

fn listed(keys: &[&str]) -> String {
    let quoted: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => "nothing".to_owned(),
    }
}
