use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Error, Ident, Path};

use crate::name::Errors;
use crate::projection::attributes::{Attributes, REACTOR};
use crate::projection::{checks, constant, contracted, text};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream, Error> {
    let mut errors = Errors::default();
    let attributes = errors.keep(Attributes::parse(&REACTOR, input));
    if !matches!(input.data, Data::Struct(_)) {
        errors.push(Error::new_spanned(&input.ident, "a reactor is a struct with what its effects need"));
    }
    if !input.generics.params.is_empty() {
        errors.push(Error::new_spanned(
            &input.generics,
            "a reactor has one place in the stream under its name, so it can't be generic",
        ));
    }
    errors.finish()?;
    let Some(attributes) = attributes else {
        return Err(Error::new_spanned(&input.ident, "this reactor can't be derived"));
    };
    let implementation = implementation(&input.ident, &attributes);
    let contracted = attributes
        .contract
        .as_ref()
        .map(|contract| contracted(&REACTOR, &input.ident, &attributes, contract));
    Ok(quote!(#implementation #contracted))
}

fn implementation(reactor: &Ident, attributes: &Attributes) -> TokenStream {
    let Attributes { name, version, events, .. } = attributes;
    let types: Vec<_> = events.iter().map(constant).collect();
    let dispatch = events.iter().map(dispatch);
    let checks = [checks(events), of_one_domain(reactor, events)];
    quote! {
        #[automatically_derived]
        impl ::headwater_subscriber::Reactor for #reactor {
            const NAME: &'static str = #name;
            const VERSION: u32 = #version;
            const EVENTS: &'static [::headwater_subscriber::EventType<'static>] = &[#(#types),*];

            async fn dispatch(
                &self,
                stored: &::headwater_subscriber::StoredEvent,
                effect: &::headwater_subscriber::Effect,
            ) -> ::core::result::Result<(), ::headwater_subscriber::ReactError> {
                let event_type = stored.envelope.event_type()?;
                #(#dispatch)*
                ::core::result::Result::Err(::headwater_subscriber::ReactError::unexpected(stored))
            }
        }

        #(#checks)*
    }
}

/// Checks that a reactor reads one stream: it has one place in it.
fn of_one_domain(reactor: &Ident, events: &[Path]) -> TokenStream {
    let first = &events[0];
    let check = |event: &Path| {
        let (one, other) = (constant(event), constant(first));
        let message = format!(
            "`{}` and `{}` are of different domains; `{reactor}` reads one stream, which is one domain's, \
             so make a reactor for each",
            text(event),
            text(first),
        );
        // Only aggregates can be compared in a constant, so what doesn't matter is made the same.
        quote_spanned! {event.span()=>
            const _: () = {
                let one = ::headwater_subscriber::EventType { namespace: "", aggregate: "", ..#one };
                let other = ::headwater_subscriber::EventType { namespace: "", aggregate: "", ..#other };
                ::core::assert!(one.is_about_same_aggregate_as(&other), #message);
            };
        }
    };
    events.iter().map(check).collect()
}

fn dispatch(event: &Path) -> TokenStream {
    let constant = constant(event);
    quote_spanned! {event.span()=>
        if event_type.is_version_of(&#constant) {
            let recorded = ::headwater_subscriber::Recorded::<#event>::decode(stored, event_type.version)?;
            return ::headwater_subscriber::React::<#event>::react(self, &recorded, effect).await;
        }
    }
}
