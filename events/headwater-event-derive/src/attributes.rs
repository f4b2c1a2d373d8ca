//! How the macros read `name = value` lists: to each value's end whatever it is, so that a mistake in one attribute
//! hides none in the next.

use proc_macro2::TokenStream;
use syn::meta::ParseNestedMeta;
use syn::{DeriveInput, Error, Expr, ExprLit, ExprPath, Lit, LitInt, LitStr, Path, Token};

use crate::name::Errors;

/// Hands everything in the attributes `#[name(...)]` of a type to `take`, one by one.
pub(crate) fn each(
    input: &DeriveInput,
    name: &str,
    mut take: impl FnMut(&ParseNestedMeta<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut errors = Errors::default();
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident(name)) {
        let parsed = attribute.parse_nested_meta(|meta| {
            errors.keep(take(&meta));
            Ok(())
        });
        errors.keep(parsed);
    }
    errors.finish()
}

/// The text of `name = "text"`.
pub(crate) fn text(meta: &ParseNestedMeta<'_>) -> Result<LitStr, Error> {
    match value(meta)? {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text),
        _ => Err(wrong(meta, "text in quotes", "\"...\"")),
    }
}

/// The number of `name = 1`.
pub(crate) fn number(meta: &ParseNestedMeta<'_>) -> Result<LitInt, Error> {
    match value(meta)? {
        Expr::Lit(ExprLit { lit: Lit::Int(number), .. }) => Ok(number),
        _ => Err(wrong(meta, "a number", "1")),
    }
}

/// The path of `name = some::Type`.
pub(crate) fn path(meta: &ParseNestedMeta<'_>, example: &str) -> Result<Path, Error> {
    match value(meta)? {
        Expr::Path(ExprPath { qself: None, path, .. }) => Ok(path),
        _ => Err(wrong(meta, "a type", example)),
    }
}

/// What to say of an attribute that isn't known, after its value has been read.
pub(crate) fn unknown(meta: &ParseNestedMeta<'_>, message: &str) -> Result<(), Error> {
    if meta.input.peek(Token![=]) {
        value(meta)?;
    } else if meta.input.peek(syn::token::Paren) {
        let ignored;
        syn::parenthesized!(ignored in meta.input);
        ignored.parse::<TokenStream>()?;
    }
    Err(Error::new_spanned(&meta.path, format!("unknown attribute; {message}")))
}

/// Keeps a value, if it is the first; `owner` has one of each.
pub(crate) fn fill<T>(
    slot: &mut Option<T>,
    value: T,
    meta: &ParseNestedMeta<'_>,
    owner: &str,
) -> Result<(), Error> {
    match slot.replace(value) {
        Some(_) => {
            let message = format!("this attribute was already given; {owner} has one of each");
            Err(Error::new_spanned(&meta.path, message))
        }
        None => Ok(()),
    }
}

/// The version that a literal says.
pub(crate) fn version(literal: &LitInt) -> Result<u32, Error> {
    match literal.base10_parse()? {
        0 => Err(Error::new_spanned(literal, "versions begin at 1")),
        version => Ok(version),
    }
}

fn value(meta: &ParseNestedMeta<'_>) -> Result<Expr, Error> {
    meta.value()?.parse()
}

fn wrong(meta: &ParseNestedMeta<'_>, what: &str, example: &str) -> Error {
    let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
    Error::new_spanned(&meta.path, format!("`{name}` takes {what}: {name} = {example}"))
}
