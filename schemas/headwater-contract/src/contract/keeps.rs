use toml::Spanned as Toml;
use toml::de::{DeString, DeValue};

use super::model::Kept;
use super::reader::{Reader, in_file_order};

pub(super) fn read(
    reader: &mut Reader<'_>,
    (_, section): (&Toml<DeString<'_>>, &Toml<DeValue<'_>>),
) -> Vec<Kept> {
    let help = "write a line for each table: name = \"what it holds\"".to_owned();
    let Some(table) = reader.table(section, "[keeps]", help) else { return Vec::new() };
    in_file_order(table)
        .into_iter()
        .filter_map(|(key, value)| {
            let text = reader.text(value, key.get_ref())?;
            Some(Kept { name: key.get_ref().to_string(), text, span: key.span() })
        })
        .collect()
}
