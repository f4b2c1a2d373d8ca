mod attributes;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Error, Fields, Ident, Path};

use self::attributes::Attributes;
use crate::name::Errors;

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream, Error> {
    let mut errors = Errors::default();
    let attributes = errors.keep(Attributes::parse(input));
    let tables = errors.keep(tables(input));
    if !input.generics.params.is_empty() {
        errors.push(Error::new_spanned(
            &input.generics,
            "a projection has one state under its name, so it can't be generic",
        ));
    }
    errors.finish()?;
    match (attributes, tables) {
        (Some(attributes), Some(tables)) => Ok(implementation(&input.ident, &attributes, &tables)),
        _ => Err(Error::new_spanned(&input.ident, "this projection can't be derived")),
    }
}

fn implementation(projection: &Ident, attributes: &Attributes, tables: &[&Ident]) -> TokenStream {
    let Attributes { name, version, applies } = attributes;
    let table_names = tables.iter().map(|table| table.unraw().to_string().replace('_', "-"));
    let types: Vec<_> = applies.iter().map(constant).collect();
    let dispatch = applies.iter().map(dispatch);
    let checks = checks(projection, applies);
    quote! {
        #[automatically_derived]
        impl ::headwater_subscriber::Projection for #projection {
            const NAME: &'static str = #name;
            const VERSION: u32 = #version;
            const EVENTS: &'static [::headwater_subscriber::EventType<'static>] = &[#(#types),*];

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

        #checks
    }
}

/// With the span of the event, so that what is wrong with its type is reported where it is listed.
fn constant(event: &Path) -> TokenStream {
    quote_spanned! {event.span()=> <#event as ::headwater_subscriber::Event>::TYPE }
}

fn dispatch(event: &Path) -> TokenStream {
    let constant = constant(event);
    quote_spanned! {event.span()=>
        if event_type.is_version_of(&#constant) {
            let recorded = ::headwater_subscriber::Recorded::<#event>::decode(stored, event_type.version)?;
            return ::headwater_subscriber::Apply::<#event>::apply(self, &recorded, tx);
        }
    }
}

/// Checks, when the projection is compiled, what only the types of its events know.
fn checks(projection: &Ident, applies: &[Path]) -> TokenStream {
    let mut checks = TokenStream::new();
    for (index, event) in applies.iter().enumerate() {
        let (one, first) = (constant(event), constant(&applies[0]));
        let message = format!(
            "`{}` and `{}` are of different domains; `{projection}` reads one stream, which is one domain's, \
             so make a projection for each",
            text(event),
            text(&applies[0]),
        );
        // Only aggregates can be compared in a constant, so what doesn't matter is made the same.
        checks.extend(quote_spanned! {event.span()=>
            const _: () = {
                let one = ::headwater_subscriber::EventType { namespace: "", aggregate: "", ..#one };
                let other = ::headwater_subscriber::EventType { namespace: "", aggregate: "", ..#first };
                ::core::assert!(one.is_about_same_aggregate_as(&other), #message);
            };
        });
        for earlier in &applies[..index] {
            let other = constant(earlier);
            let message = format!(
                "`{}` and `{}` are versions of the same event; list only the newest, which reads the older ones",
                text(event),
                text(earlier),
            );
            checks.extend(quote_spanned! {event.span()=>
                const _: () = {
                    let (one, other) = (#one, #other);
                    let one_name = ::headwater_subscriber::EventType { aggregate: one.name, ..one };
                    let other_name = ::headwater_subscriber::EventType { aggregate: other.name, ..other };
                    ::core::assert!(
                        !(one.is_about_same_aggregate_as(&other) && one_name.is_about_same_aggregate_as(&other_name)),
                        #message
                    );
                };
            });
        }
    }
    checks
}

fn tables(input: &DeriveInput) -> Result<Vec<&Ident>, Error> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => {
                Ok(fields.named.iter().filter_map(|field| field.ident.as_ref()).collect())
            }
            _ => Err(Error::new_spanned(
                &input.ident,
                "a projection's tables have names: write them in braces, `by_key: Table<K, V>`",
            )),
        },
        _ => Err(Error::new_spanned(&input.ident, "a projection is a struct of tables")),
    }
}

/// The path as it is written, without the spaces between its tokens.
fn text(path: &Path) -> String {
    quote!(#path).to_string().replace(' ', "")
}
