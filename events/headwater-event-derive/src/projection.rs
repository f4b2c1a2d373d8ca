pub(crate) mod attributes;
mod keeps;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Error, Fields, Ident, Path};

use self::attributes::{Attributes, Kind, PROJECTION};
use crate::contract::ServiceContract;
use crate::contract::check::{Check, CodeEvent, Missing};
use crate::name::Errors;

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream, Error> {
    let mut errors = Errors::default();
    let attributes = errors.keep(Attributes::parse(&PROJECTION, input));
    let tables = errors.keep(tables(input));
    if !input.generics.params.is_empty() {
        errors.push(Error::new_spanned(
            &input.generics,
            "a projection has one state under its name, so it can't be generic",
        ));
    }
    errors.finish()?;
    let (Some(attributes), Some(tables)) = (attributes, tables) else {
        return Err(Error::new_spanned(&input.ident, "this projection can't be derived"));
    };
    let implementation = implementation(&input.ident, &attributes, &tables);
    let contracted = attributes.contract.as_ref().map(|contract| {
        // Beside the rest, so that nothing else is hidden by it.
        let keeps = keeps::compare(contract, &input.ident, &tables).err().map(Error::into_compile_error);
        let contracted = contracted(&PROJECTION, &input.ident, &attributes, contract);
        quote!(#contracted #keeps)
    });
    Ok(quote!(#implementation #contracted))
}

fn implementation(projection: &Ident, attributes: &Attributes, tables: &[&Ident]) -> TokenStream {
    let Attributes { name, version, events, partitioned, .. } = attributes;
    let schemas = schemas(events);
    let table_names = tables.iter().map(|table| table.unraw().to_string().replace('_', "-"));
    let types: Vec<_> = events.iter().map(constant).collect();
    let dispatch = events.iter().map(dispatch);
    let checks = checks(events);
    quote! {
        #[automatically_derived]
        impl ::headwater_subscriber::Projection for #projection {
            const NAME: &'static str = #name;
            const VERSION: u32 = #version;
            const EVENTS: &'static [::headwater_subscriber::EventType<'static>] = &[#(#types),*];
            const PARTITIONED: bool = #partitioned;

            fn new() -> Self {
                Self { #(#tables: ::headwater_subscriber::Table::new(#table_names)),* }
            }

            fn tables(&self) -> ::headwater_subscriber::__private::Vec<::headwater_subscriber::TableInfo> {
                ::headwater_subscriber::__private::Vec::from([#(self.#tables.info()),*])
            }

            fn read_schemas() -> ::headwater_subscriber::__private::Vec<::headwater_subscriber::EventSchema> {
                #schemas
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

pub(crate) fn contracted(
    kind: &Kind,
    subscriber: &Ident,
    attributes: &Attributes,
    contract: &ServiceContract,
) -> TokenStream {
    let Attributes { events, events_span, .. } = attributes;
    let Kind { list, verb, implementation, words, .. } = kind;
    let root = quote!(::headwater_subscriber);
    let constant = contract.constant(&root);
    let schemas = schemas(events);
    let subscribes = &contract.contract.subscribes;
    let line =
        |subscription: &headwater_contract::Subscription| contract.contract.line_of(&subscription.span);
    let check = Check {
        root: &root,
        contract,
        declared: subscribes.iter().map(|subscription| (&subscription.event, line(subscription))).collect(),
        words: *words,
        code: events
            .iter()
            .map(|event| CodeEvent { ty: event, span: event.span(), text: text(event) })
            .collect(),
        missing: Missing {
            span: *events_span,
            message: Box::new(|_| {
                format!(
                    "`{subscriber}` doesn't {verb} it: add the event's type to `{list}(...)` and implement `{implementation}` for it, or remove the line"
                )
            }),
        },
    };
    let check = check.tokens();
    quote! {
        #[automatically_derived]
        impl ::headwater_subscriber::Contracted for #subscriber {
            const CONTRACT: ::headwater_subscriber::ContractText = #constant;

            fn schemas() -> ::headwater_subscriber::__private::Vec<::headwater_subscriber::EventSchema> {
                #schemas
            }
        }

        #check
    }
}

/// The schemas of all events, in one vector.
fn schemas(events: &[Path]) -> TokenStream {
    let extend = events.iter().map(|event| {
        quote_spanned! {event.span()=> schemas.extend(<#event as ::headwater_subscriber::Event>::schemas()); }
    });
    quote! {
        let mut schemas = ::headwater_subscriber::__private::Vec::new();
        #(#extend)*
        schemas
    }
}

/// With the span of the event, so that what is wrong with its type is reported where it is listed.
pub(crate) fn constant(event: &Path) -> TokenStream {
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

/// Checks, when the subscriber is compiled, what only the types of its events know.
pub(crate) fn checks(events: &[Path]) -> TokenStream {
    let mut checks = TokenStream::new();
    for (index, event) in events.iter().enumerate() {
        let one = constant(event);
        for earlier in &events[..index] {
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
pub(crate) fn text(path: &Path) -> String {
    quote!(#path).to_string().replace(' ', "")
}
