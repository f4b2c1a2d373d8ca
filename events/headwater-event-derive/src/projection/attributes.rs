use proc_macro2::Span;
use quote::ToTokens as _;
use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{DeriveInput, Error, LitInt, LitStr, Path, Token};

use crate::attributes::{each, fill, number, text, unknown, version};
use crate::contract::ServiceContract;
use crate::name::{self, Errors};

/// What `#[projection(...)]` says, and the contract that it names.
pub(super) struct Attributes {
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) applies: Vec<Path>,
    /// Where `applies` stands.
    pub(super) applies_span: Span,
    pub(super) contract: Option<ServiceContract>,
}

impl Attributes {
    pub(super) fn parse(input: &DeriveInput) -> Result<Self, Error> {
        let mut given = Given::default();
        // What is missing may be what was misspelt, so that is said first and alone.
        each(input, "projection", |meta| given.take(meta))?;

        let mut errors = Errors::default();
        if given.applies.as_ref().is_none_or(Vec::is_empty) {
            errors.push(Error::new_spanned(
                &input.ident,
                "the projection needs the events that it applies: add #[projection(applies(EventOne, EventTwo))]",
            ));
        }
        for twice in given.applied_twice() {
            errors.push(Error::new_spanned(twice, "this event is listed already"));
        }
        let version = errors.keep(given.version.as_ref().map_or(Ok(1), version));
        let contract = given.contract.as_ref().map(ServiceContract::load);
        let contract = contract.and_then(|loaded| errors.keep(loaded));
        let name = errors.keep(given.name(input, contract.as_ref()));
        errors.finish()?;
        match (name, version, given.applies, given.applies_span) {
            (Some(name), Some(version), Some(applies), Some(applies_span)) => {
                Ok(Self { name, version, applies, applies_span, contract })
            }
            _ => Err(Error::new_spanned(&input.ident, "the projection's attributes are incomplete")),
        }
    }
}

#[derive(Default)]
struct Given {
    name: Option<LitStr>,
    version: Option<LitInt>,
    contract: Option<LitStr>,
    applies: Option<Vec<Path>>,
    applies_span: Option<Span>,
}

impl Given {
    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<(), Error> {
        const OWNER: &str = "a projection";
        if meta.path.is_ident("name") {
            fill(&mut self.name, text(meta)?, meta, OWNER)
        } else if meta.path.is_ident("version") {
            fill(&mut self.version, number(meta)?, meta, OWNER)
        } else if meta.path.is_ident("contract") {
            fill(&mut self.contract, text(meta)?, meta, OWNER)
        } else if meta.path.is_ident("applies") {
            let events;
            syn::parenthesized!(events in meta.input);
            let events = Punctuated::<Path, Token![,]>::parse_terminated(&events)?;
            self.applies_span = Some(meta.path.span());
            fill(&mut self.applies, events.into_iter().collect(), meta, OWNER)
        } else {
            unknown(meta, "`projection` takes contract, name, version and applies")
        }
    }

    /// The service's name; without a contract the one that is given.
    fn name(&self, input: &DeriveInput, contract: Option<&ServiceContract>) -> Result<String, Error> {
        match (&self.name, &self.contract) {
            (Some(name), None) => name::check("projection", name).map(|()| name.value()),
            (Some(name), Some(path)) => Err(Error::new_spanned(
                name,
                format!("the projection has its service's name, which {} says; remove `name`", path.value()),
            )),
            // What is wrong with the contract is said already.
            (None, Some(_)) => Ok(contract.map(|contract| contract.service().to_owned()).unwrap_or_default()),
            (None, None) => Err(Error::new_spanned(
                &input.ident,
                "the projection needs its service's contract: add #[projection(contract = \"contract.toml\")]; \
                 or, in a test, a `name`",
            )),
        }
    }

    fn applied_twice(&self) -> Vec<&Path> {
        let applies = self.applies.as_deref().unwrap_or_default();
        let text = |path: &Path| path.to_token_stream().to_string();
        let is_repeated =
            |&index: &usize| applies[..index].iter().any(|earlier| text(earlier) == text(&applies[index]));
        (0..applies.len()).filter(is_repeated).map(|index| &applies[index]).collect()
    }
}
