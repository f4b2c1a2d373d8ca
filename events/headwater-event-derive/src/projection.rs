use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Data, DeriveInput, Error, Fields, Ident, LitInt, LitStr, Path, Token};

use crate::name::{self, Errors};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream, Error> {
    let mut errors = Errors::default();
    let attributes = errors.keep(Attributes::parse(input));
    let tables = errors.keep(tables(input));
    errors.finish()?;
    let (Some(Attributes { name, version, applies }), Some(tables)) = (attributes, tables) else {
        return Err(Error::new_spanned(&input.ident, "this projection can't be derived"));
    };

    let projection = &input.ident;
    let table_names = tables.iter().map(|table| table.to_string().replace('_', "-"));
    let dispatch = applies.iter().map(|event| {
        quote! {
            if event_type.is_version_of(&<#event as ::headwater_subscriber::Event>::TYPE) {
                let recorded = ::headwater_subscriber::Recorded::<#event>::decode(stored, event_type.version)?;
                return <Self as ::headwater_subscriber::Apply<#event>>::apply(self, &recorded, tx);
            }
        }
    });
    Ok(quote! {
        #[automatically_derived]
        impl ::headwater_subscriber::Projection for #projection {
            const NAME: &'static str = #name;
            const VERSION: u32 = #version;
            const EVENTS: &'static [::headwater_subscriber::EventType<'static>] =
                &[#(<#applies as ::headwater_subscriber::Event>::TYPE),*];

            fn new() -> Self {
                Self { #(#tables: ::headwater_subscriber::Table::new(#table_names)),* }
            }

            fn dispatch(
                &self,
                stored: &::headwater_subscriber::StoredEvent,
                tx: &mut ::headwater_subscriber::Tx<'_>,
            ) -> ::core::result::Result<(), ::headwater_subscriber::ApplyError> {
                let event_type = stored.envelope.event_type()?;
                #(#dispatch)*
                ::core::result::Result::Err(::headwater_subscriber::ApplyError::unexpected(stored))
            }
        }
    })
}

struct Attributes {
    name: LitStr,
    version: u32,
    applies: Vec<Path>,
}

impl Attributes {
    fn parse(input: &DeriveInput) -> Result<Self, Error> {
        let (mut name, mut version, mut applies) = (None, None::<LitInt>, Vec::new());
        let mut errors = Errors::default();
        for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("projection")) {
            let parsed = attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("name") {
                    name = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("version") {
                    version = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("applies") {
                    let content;
                    syn::parenthesized!(content in meta.input);
                    applies.extend(Punctuated::<Path, Token![,]>::parse_terminated(&content)?);
                } else {
                    return Err(meta.error("unknown; `projection` takes name, version and applies"));
                }
                Ok(())
            });
            errors.keep(parsed);
        }
        let name: Option<LitStr> = name;
        let name = errors.keep(name.ok_or_else(|| {
            Error::new_spanned(&input.ident, "the projection needs `name`: #[projection(name = \"...\")]")
        }));
        if let Some(name) = &name {
            errors.keep(name::check("projection", name));
        }
        if applies.is_empty() {
            errors.push(Error::new_spanned(
                &input.ident,
                "the projection needs `applies`: #[projection(applies(EventOne, EventTwo))]",
            ));
        }
        let version = errors.keep(version.map_or(Ok(1), |version| version.base10_parse()));
        errors.finish()?;
        match (name, version) {
            (Some(name), Some(version)) => Ok(Self { name, version, applies }),
            _ => Err(Error::new_spanned(&input.ident, "the projection's attributes are incomplete")),
        }
    }
}

fn tables(input: &DeriveInput) -> Result<Vec<&Ident>, Error> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => {
                Ok(fields.named.iter().filter_map(|field| field.ident.as_ref()).collect())
            }
            _ => Err(Error::new_spanned(
                &input.ident,
                "a projection's tables have names: `by_key: Table<K, V>`",
            )),
        },
        _ => Err(Error::new_spanned(&input.ident, "a projection is a struct of tables")),
    }
}
