use toml::Spanned as Toml;
use toml::de::{DeString, DeValue};

use super::model::Subscription;
use super::reader::{Reader, in_file_order};
use crate::code::Code;

pub(super) fn read(
    reader: &mut Reader<'_>,
    (_, section): (&Toml<DeString<'_>>, &Toml<DeValue<'_>>),
) -> Vec<Subscription> {
    let mut subscriptions = Vec::new();
    let help = "write a line for each event: \"domain.aggregate.event\" = 1".to_owned();
    let Some(table) = reader.table(section, "[subscribes]", help) else { return subscriptions };
    for (key, value) in in_file_order(table) {
        let Some(name) = reader.event_name(key, value) else { continue };
        if value.get_ref().is_array() {
            let message = format!("a service reads {name} in one version");
            let help =
                "name the newest version that it knows: older ones are read through upcasters".to_owned();
            reader.report(Code::HW0504, Some(value.span()), message, help);
        } else if let Some(version) = reader.version(value) {
            subscriptions.push(Subscription { event: name.at(version), span: key.span() });
        }
    }
    subscriptions
}
