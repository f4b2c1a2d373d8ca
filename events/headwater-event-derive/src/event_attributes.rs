use syn::meta::ParseNestedMeta;
use syn::{DeriveInput, Error, LitInt, LitStr, Path};

use crate::attributes::{each, fill, number, path, text, unknown, version};
use crate::name::{self, Errors};

/// The organisation that defines an event which names no other.
const NAMESPACE: &str = "dev.headwater";

/// What `#[event(...)]` on a struct says.
pub(crate) struct Attributes {
    pub(crate) namespace: LitStr,
    pub(crate) domain: LitStr,
    pub(crate) aggregate: LitStr,
    pub(crate) name: LitStr,
    pub(crate) version: u32,
    pub(crate) upcasts: Option<Path>,
}

impl Attributes {
    pub(crate) fn parse(input: &DeriveInput) -> Result<Self, Error> {
        let mut given = Given::default();
        // What is missing may be what was misspelt, so that is said first and alone.
        each(input, "event", |meta| given.take(meta))?;

        let mut errors = Errors::default();
        errors.keep(given.check_names());
        let missing = given.missing();
        if !missing.is_empty() {
            errors.push(Error::new_spanned(&input.ident, missing_message(&missing)));
        }
        let version = given.version.as_ref().and_then(|version| errors.keep(given.check_version(version)));
        errors.finish()?;

        let namespace = given.namespace.unwrap_or_else(|| LitStr::new(NAMESPACE, input.ident.span()));
        match (given.domain, given.aggregate, given.name, version) {
            (Some(domain), Some(aggregate), Some(name), Some(version)) => {
                Ok(Self { namespace, domain, aggregate, name, version, upcasts: given.upcasts })
            }
            _ => Err(Error::new_spanned(&input.ident, "the event's attributes are incomplete")),
        }
    }
}

#[derive(Default)]
struct Given {
    namespace: Option<LitStr>,
    domain: Option<LitStr>,
    aggregate: Option<LitStr>,
    name: Option<LitStr>,
    version: Option<LitInt>,
    upcasts: Option<Path>,
}

impl Given {
    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<(), Error> {
        const OWNER: &str = "an event";
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match name.as_str() {
            "namespace" => fill(&mut self.namespace, text(meta)?, meta, OWNER),
            "domain" => fill(&mut self.domain, text(meta)?, meta, OWNER),
            "aggregate" => fill(&mut self.aggregate, text(meta)?, meta, OWNER),
            "name" => fill(&mut self.name, text(meta)?, meta, OWNER),
            "version" => fill(&mut self.version, number(meta)?, meta, OWNER),
            "upcasts" => fill(&mut self.upcasts, path(meta, "OrderPaidV1")?, meta, OWNER),
            _ => unknown(meta, "`event` takes namespace, domain, aggregate, name, version and upcasts"),
        }
    }

    fn check_names(&self) -> Result<(), Error> {
        let mut errors = Errors::default();
        if let Some(namespace) = &self.namespace {
            errors.keep(name::check_namespace(namespace));
        }
        for (what, given) in [("domain", &self.domain), ("aggregate", &self.aggregate), ("event", &self.name)]
        {
            if let Some(given) = given {
                errors.keep(name::check(what, given));
            }
        }
        errors.finish()
    }

    fn missing(&self) -> Vec<&'static str> {
        [
            ("domain", self.domain.is_none()),
            ("aggregate", self.aggregate.is_none()),
            ("name", self.name.is_none()),
            ("version", self.version.is_none()),
        ]
        .into_iter()
        .filter_map(|(name, missing)| missing.then_some(name))
        .collect()
    }

    fn check_version(&self, literal: &LitInt) -> Result<u32, Error> {
        let version = version(literal)?;
        match (version, &self.upcasts) {
            (1, Some(older)) => Err(Error::new_spanned(
                older,
                "version 1 has nothing before it to upcast; remove `upcasts`, or raise `version`",
            )),
            (2.., None) => Err(Error::new_spanned(
                literal,
                format!(
                    "version {version} must read what version {} wrote: add `upcasts = <the type of version {}>` and implement `From` for it",
                    version - 1,
                    version - 1,
                ),
            )),
            _ => Ok(version),
        }
    }
}

/// One message for all, which can be copied into the source.
fn missing_message(missing: &[&str]) -> String {
    let names: Vec<String> = missing.iter().map(|name| format!("`{name}`")).collect();
    let names = match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    };
    let values: Vec<String> = missing
        .iter()
        .map(|&name| if name == "version" { "version = 1".to_owned() } else { format!("{name} = \"...\"") })
        .collect();
    format!("the event needs {names}: add #[event({})]", values.join(", "))
}
