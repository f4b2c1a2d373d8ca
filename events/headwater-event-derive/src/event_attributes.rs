use syn::meta::ParseNestedMeta;
use syn::{DeriveInput, Error, Expr, ExprLit, ExprPath, Lit, LitInt, LitStr, Path, Token};

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
        let mut errors = Errors::default();
        let mut given = Given::default();
        for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("event")) {
            let parsed = attribute.parse_nested_meta(|meta| {
                errors.keep(given.take(&meta));
                Ok(())
            });
            errors.keep(parsed);
        }
        // What is missing may be what was misspelt, so that is said first and alone.
        errors.finish()?;

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
    /// Takes one `name = value`. It reads to the value's end whatever the value is, so that an error in
    /// one attribute hides none in the next.
    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<(), Error> {
        let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        let slot = match name.as_str() {
            "namespace" => &mut self.namespace,
            "domain" => &mut self.domain,
            "aggregate" => &mut self.aggregate,
            "name" => &mut self.name,
            "version" => {
                let Expr::Lit(ExprLit { lit: Lit::Int(version), .. }) = value(meta)? else {
                    return Err(meta.error("`version` takes a number: version = 1"));
                };
                return fill(&mut self.version, version, meta);
            }
            "upcasts" => {
                let Expr::Path(ExprPath { qself: None, path, .. }) = value(meta)? else {
                    return Err(meta.error("`upcasts` takes a type: upcasts = OrderPaidV1"));
                };
                return fill(&mut self.upcasts, path, meta);
            }
            _ => {
                if meta.input.peek(Token![=]) {
                    value(meta)?;
                }
                return Err(Error::new_spanned(
                    &meta.path,
                    "unknown attribute; `event` takes namespace, domain, aggregate, name, version and upcasts",
                ));
            }
        };
        let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = value(meta)? else {
            return Err(Error::new_spanned(
                &meta.path,
                format!("`{name}` takes text in quotes: {name} = \"...\""),
            ));
        };
        fill(slot, text, meta)
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
        let version: u32 = literal.base10_parse()?;
        match (version, &self.upcasts) {
            (0, _) => Err(Error::new_spanned(literal, "versions begin at 1")),
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

fn value(meta: &ParseNestedMeta<'_>) -> Result<Expr, Error> {
    meta.value()?.parse()
}

fn fill<T>(slot: &mut Option<T>, value: T, meta: &ParseNestedMeta<'_>) -> Result<(), Error> {
    match slot.replace(value) {
        Some(_) => {
            Err(Error::new_spanned(&meta.path, "this attribute was already given; an event has one of each"))
        }
        None => Ok(()),
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
