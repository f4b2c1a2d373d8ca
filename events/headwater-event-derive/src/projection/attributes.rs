use quote::ToTokens as _;
use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::{DeriveInput, Error, Expr, ExprLit, Lit, LitInt, LitStr, Path, Token};

use crate::name::{self, Errors};

/// What `#[projection(...)]` says.
pub(super) struct Attributes {
    pub(super) name: LitStr,
    pub(super) version: u32,
    pub(super) applies: Vec<Path>,
}

impl Attributes {
    pub(super) fn parse(input: &DeriveInput) -> Result<Self, Error> {
        let mut errors = Errors::default();
        let mut given = Given::default();
        for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("projection")) {
            let parsed = attribute.parse_nested_meta(|meta| {
                errors.keep(given.take(&meta));
                Ok(())
            });
            errors.keep(parsed);
        }
        // What is missing may be what was misspelt, so that is said first and alone.
        errors.finish()?;

        let mut errors = Errors::default();
        match &given.name {
            Some(name) => errors.keep(name::check("projection", name)).unwrap_or_default(),
            None => errors.push(Error::new_spanned(
                &input.ident,
                "the projection needs `name`: add #[projection(name = \"...\")]",
            )),
        }
        if given.applies.as_ref().is_none_or(Vec::is_empty) {
            errors.push(Error::new_spanned(
                &input.ident,
                "the projection needs the events that it applies: add #[projection(applies(EventOne, EventTwo))]",
            ));
        }
        for twice in given.applied_twice() {
            errors.push(Error::new_spanned(twice, "this event is listed already"));
        }
        let version = errors.keep(given.version.as_ref().map_or(Ok(1), check_version));
        errors.finish()?;
        match (given.name, version, given.applies) {
            (Some(name), Some(version), Some(applies)) => Ok(Self { name, version, applies }),
            _ => Err(Error::new_spanned(&input.ident, "the projection's attributes are incomplete")),
        }
    }
}

#[derive(Default)]
struct Given {
    name: Option<LitStr>,
    version: Option<LitInt>,
    applies: Option<Vec<Path>>,
}

impl Given {
    /// Takes one attribute. It reads to the attribute's end whatever its value is, so that an error in one
    /// hides none in the next.
    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<(), Error> {
        if meta.path.is_ident("name") {
            let Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) = value(meta)? else {
                return Err(Error::new_spanned(&meta.path, "`name` takes text in quotes: name = \"...\""));
            };
            fill(&mut self.name, name, meta)
        } else if meta.path.is_ident("version") {
            let Expr::Lit(ExprLit { lit: Lit::Int(version), .. }) = value(meta)? else {
                return Err(Error::new_spanned(&meta.path, "`version` takes a number: version = 1"));
            };
            fill(&mut self.version, version, meta)
        } else if meta.path.is_ident("applies") {
            let events;
            syn::parenthesized!(events in meta.input);
            let events = Punctuated::<Path, Token![,]>::parse_terminated(&events)?;
            fill(&mut self.applies, events.into_iter().collect(), meta)
        } else {
            if meta.input.peek(Token![=]) {
                value(meta)?;
            } else if meta.input.peek(syn::token::Paren) {
                let ignored;
                syn::parenthesized!(ignored in meta.input);
                ignored.parse::<proc_macro2::TokenStream>()?;
            }
            Err(Error::new_spanned(
                &meta.path,
                "unknown attribute; `projection` takes name, version and applies",
            ))
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

fn check_version(literal: &LitInt) -> Result<u32, Error> {
    match literal.base10_parse()? {
        0 => Err(Error::new_spanned(literal, "versions begin at 1")),
        version => Ok(version),
    }
}

fn value(meta: &ParseNestedMeta<'_>) -> Result<Expr, Error> {
    meta.value()?.parse()
}

fn fill<T>(slot: &mut Option<T>, value: T, meta: &ParseNestedMeta<'_>) -> Result<(), Error> {
    match slot.replace(value) {
        Some(_) => Err(Error::new_spanned(
            &meta.path,
            "this attribute was already given; a projection has one of each",
        )),
        None => Ok(()),
    }
}
