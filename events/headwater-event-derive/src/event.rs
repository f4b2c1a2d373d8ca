use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Error, Field, Ident};

use crate::aliases::{self, Aliases};
use crate::event_attributes::Attributes;
use crate::name::Errors;

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
        (Some(attributes), Some(key)) => {
            Ok(implementation(&input.ident, &attributes, key, &aliases::of_fields(input)))
        }
        _ => Err(Error::new_spanned(&input.ident, "this event can't be derived")),
    }
}

fn implementation(event: &Ident, attributes: &Attributes, key: &Field, aliases: &[Aliases]) -> TokenStream {
    let Attributes { namespace, domain, aggregate, name, version, upcasts } = attributes;
    let (field, key_type) = (&key.ident, &key.ty);
    let older = match upcasts {
        // With the span of the path, a missing `From` is reported at `upcasts`.
        Some(older) => quote_spanned! {older.span()=>
            older if older < Self::TYPE.version => {
                <#older as ::headwater_event::Event>::decode(older, data).map(::core::convert::From::from)
            }
        },
        None => quote!(),
    };
    let upcasts_version_before = upcasts.is_some();
    let older_schemas = upcasts.as_ref().map(|older| {
        quote_spanned! {older.span()=> schemas.extend(<#older as ::headwater_event::Event>::schemas()); }
    });
    let chain = upcasts.as_ref().map(|older| {
        let order = format!(
            "`upcasts` must name version {} of the same event, so that every stored version can be read",
            version - 1
        );
        quote_spanned! {older.span()=>
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

            fn schemas() -> ::headwater_event::__private::Vec<::headwater_event::EventSchema> {
                #[allow(unused_mut, reason = "only an event that upcasts adds to them")]
                let mut schemas = ::headwater_event::__private::vec![
                    ::headwater_event::__private::schema_of::<Self>(
                        ::headwater_event::SourceLine { file: ::core::file!(), line: ::core::line!() },
                        #upcasts_version_before,
                        &[#(#aliases),*],
                    )
                ];
                #older_schemas
                schemas
            }
        }

        // The gate checks what is declared, so that no type can be left out.
        ::headwater_event::__private::inventory::submit! {
            ::headwater_event::__private::Declaration {
                version: #version,
                rust_type: ::core::any::type_name::<#event>,
                schemas: <#event as ::headwater_event::Event>::schemas
            }
        }

        #chain
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
                    Err(meta.error("unknown attribute; a field takes `#[event(key)]`"))
                }
            })?;
            keys.push(field);
        }
    }
    match keys[..] {
        [key] if key.ident.is_some() => Ok(key),
        [key] => Err(Error::new_spanned(
            key,
            "an event's fields have names, as its JSON does: write them in braces, `key: Type`",
        )),
        [] => Err(Error::new_spanned(
            &input.ident,
            "mark the field that names the aggregate with `#[event(key)]`",
        )),
        [_, second, ..] => Err(Error::new_spanned(second, "an event has one key; this is the second")),
    }
}
