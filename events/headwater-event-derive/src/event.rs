use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Field, Ident, LitInt, LitStr, Path};

use crate::name::{self, Errors};

/// The organisation that defines an event which names no other.
const NAMESPACE: &str = "dev.headwater";

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream, Error> {
    let mut errors = Errors::default();
    let attributes = errors.keep(Attributes::parse(input));
    let key = errors.keep(key_field(input));
    if !input.generics.params.is_empty() {
        errors.push(Error::new_spanned(
            &input.generics,
            "an event has one form on the wire, so it can't be generic",
        ));
    }
    errors.finish()?;
    match (attributes, key) {
        (Some(attributes), Some(key)) => Ok(implementation(&input.ident, &attributes, key)),
        _ => Err(Error::new_spanned(&input.ident, "this event can't be derived")),
    }
}

fn implementation(event: &Ident, attributes: &Attributes, key: &Field) -> TokenStream {
    let Attributes { namespace, domain, aggregate, name, version, upcasts } = attributes;
    let (field, key_type) = (&key.ident, &key.ty);
    let older = match upcasts {
        Some(older) => quote! {
            older if older < Self::TYPE.version => {
                <#older as ::headwater_event::Event>::decode(older, data).map(::core::convert::From::from)
            }
        },
        None => quote!(),
    };
    let chain = upcasts.as_ref().map(|older| {
        let order = format!("`upcasts` must name version {} of the same event, so that every stored version can be read", version - 1);
        quote! {
            const _: () = {
                const OLDER: ::headwater_event::EventType<'static> = <#older as ::headwater_event::Event>::TYPE;
                const NEWER: ::headwater_event::EventType<'static> = <#event as ::headwater_event::Event>::TYPE;
                ::core::assert!(OLDER.is_predecessor_of(&NEWER), #order);
            };
        }
    });
    quote! {
        #[automatically_derived]
        impl ::headwater_event::Event for #event {
            const TYPE: ::headwater_event::EventType<'static> = ::headwater_event::EventType {
                namespace: #namespace,
                domain: #domain,
                aggregate: #aggregate,
                name: #name,
                version: #version,
            };

            type Key = #key_type;

            fn key(&self) -> &Self::Key {
                &self.#field
            }

            fn decode(version: u32, data: &[u8]) -> ::core::result::Result<Self, ::headwater_event::DecodeError> {
                match version {
                    #version => ::headwater_event::__private::serde_json::from_slice(data)
                        .map_err(|error| ::headwater_event::DecodeError::data(Self::TYPE, error)),
                    #older
                    other => ::core::result::Result::Err(::headwater_event::DecodeError::version(Self::TYPE, other)),
                }
            }
        }

        #chain
    }
}

struct Attributes {
    namespace: LitStr,
    domain: LitStr,
    aggregate: LitStr,
    name: LitStr,
    version: u32,
    upcasts: Option<Path>,
}

impl Attributes {
    fn parse(input: &DeriveInput) -> Result<Self, Error> {
        let (mut namespace, mut domain, mut aggregate, mut name) = (None, None, None, None);
        let (mut version, mut upcasts) = (None::<LitInt>, None);
        let mut errors = Errors::default();
        for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("event")) {
            let parsed = attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("namespace") {
                    namespace = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("domain") {
                    domain = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("aggregate") {
                    aggregate = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("name") {
                    name = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("version") {
                    version = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("upcasts") {
                    upcasts = Some(meta.value()?.parse::<Path>()?);
                } else {
                    return Err(meta.error(
                        "unknown; `event` takes namespace, domain, aggregate, name, version and upcasts",
                    ));
                }
                Ok(())
            });
            errors.keep(parsed);
        }
        let mut named = |what: &str, value: Option<LitStr>| {
            let value = value.ok_or_else(|| {
                Error::new_spanned(
                    &input.ident,
                    format!("the event needs `{what}`: #[event({what} = \"...\")]"),
                )
            });
            let value = errors.keep(value)?;
            errors.keep(name::check(what, &value))?;
            Some(value)
        };
        let (domain, aggregate, name) =
            (named("domain", domain), named("aggregate", aggregate), named("name", name));
        let version = errors.keep(parse_version(input, version.as_ref(), upcasts.as_ref()));
        errors.finish()?;
        let namespace = namespace.unwrap_or_else(|| LitStr::new(NAMESPACE, input.ident.span()));
        match (domain, aggregate, name, version) {
            (Some(domain), Some(aggregate), Some(name), Some(version)) => {
                Ok(Self { namespace, domain, aggregate, name, version, upcasts })
            }
            _ => Err(Error::new_spanned(&input.ident, "the event's attributes are incomplete")),
        }
    }
}

fn parse_version(
    input: &DeriveInput,
    version: Option<&LitInt>,
    upcasts: Option<&Path>,
) -> Result<u32, Error> {
    let Some(literal) = version else {
        return Err(Error::new_spanned(&input.ident, "the event needs `version`: #[event(version = 1)]"));
    };
    let version: u32 = literal.base10_parse()?;
    match (version, upcasts) {
        (0, _) => Err(Error::new_spanned(literal, "versions begin at 1")),
        (1, Some(older)) => Err(Error::new_spanned(older, "version 1 has nothing before it to upcast")),
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

fn key_field(input: &DeriveInput) -> Result<&Field, Error> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            "an event is a struct; for an enum of events derive `EventSet`",
        ));
    };
    let mut keys = Vec::new();
    for field in &data.fields {
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("event")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("key") {
                    Ok(())
                } else {
                    Err(meta.error("unknown; a field takes `#[event(key)]`"))
                }
            })?;
            keys.push(field);
        }
    }
    match keys[..] {
        [key] if key.ident.is_some() => Ok(key),
        [key] => Err(Error::new_spanned(key, "an event's fields have names")),
        [] => Err(Error::new_spanned(
            &input.ident,
            "mark the field that names the aggregate with `#[event(key)]`",
        )),
        [_, second, ..] => Err(Error::new_spanned(second, "an event has one key; this is the second")),
    }
}
