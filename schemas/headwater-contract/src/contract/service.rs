use toml::Spanned as Toml;
use toml::de::DeValue;

use super::model::{Service, Spanned};
use super::reader::{Fields, Reader};
use crate::code::Code;
use crate::names::is_token;

pub(super) fn read(reader: &mut Reader<'_>, document: &Fields<'_>, publishes: bool) -> Option<Service> {
    let (key, section) =
        document.required(reader, "service", "a section [service] with `name` and `owner`")?;
    let keys = ["name", "owner", "domain"];
    let fields = reader.fields(section, key.span(), &keys, "[service]".to_owned())?;
    let name = fields
        .required(reader, "name", "name = \"...\", which is the cargo package's")
        .and_then(|(_, value)| text(reader, value, "name"));
    let owner = fields
        .required(reader, "owner", "owner = \"...\", the team that answers for the service")
        .and_then(|(_, value)| text(reader, value, "owner"));
    let domain = if publishes {
        let example = "domain = \"...\": a service publishes the events of its own domain";
        fields.required(reader, "domain", example)
    } else {
        fields.optional("domain")
    };
    let domain = domain.and_then(|(_, value)| text(reader, value, "domain"));
    if let Some(domain) = domain.as_ref().filter(|domain| !is_token(&domain.value)) {
        let message = format!("{:?} can't name a domain", domain.value);
        let help = "use a lower-case letter, then lower-case letters, digits, `-` and `_`".to_owned();
        reader.report(Code::HW0504, Some(domain.span.clone()), message, help);
    }
    Some(Service { name: name?, owner: owner?, domain })
}

fn text(reader: &mut Reader<'_>, value: &Toml<DeValue<'_>>, key: &str) -> Option<Spanned<String>> {
    reader.text(value, key).map(|text| Spanned { value: text, span: value.span() })
}
