use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Ident, Type, Variant};

use crate::name::Errors;

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream, Error> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            "a set of events is an enum; for a single event derive `Event`",
        ));
    };
    let mut errors = Errors::default();
    let events: Vec<(&Ident, &Type)> =
        data.variants.iter().filter_map(|variant| errors.keep(event_of(variant))).collect();
    if data.variants.is_empty() {
        errors.push(Error::new_spanned(&input.ident, "a set of events holds at least one"));
    }
    errors.finish()?;

    let set = &input.ident;
    let (variants, types): (Vec<_>, Vec<_>) = events.into_iter().unzip();
    let first = &types[0];
    let same = "all events of a set belong to one aggregate of one domain";
    Ok(quote! {
        #[automatically_derived]
        impl ::headwater_event::EventSet for #set {
            const TYPES: &'static [::headwater_event::EventType<'static>] =
                &[#(<#types as ::headwater_event::Event>::TYPE),*];

            type Key = <#first as ::headwater_event::Event>::Key;

            fn event_type(&self) -> ::headwater_event::EventType<'static> {
                match self {
                    #(Self::#variants(_) => <#types as ::headwater_event::Event>::TYPE,)*
                }
            }

            fn key(&self) -> &Self::Key {
                match self {
                    #(Self::#variants(event) => ::headwater_event::Event::key(event),)*
                }
            }

            fn to_json(&self) -> ::core::result::Result<
                ::headwater_event::__private::Bytes,
                ::headwater_event::__private::serde_json::Error,
            > {
                match self {
                    #(Self::#variants(event) => ::headwater_event::EventSet::to_json(event),)*
                }
            }

            fn decode(
                event_type: ::headwater_event::EventType<'_>,
                data: &[u8],
            ) -> ::core::result::Result<::core::option::Option<Self>, ::headwater_event::DecodeError> {
                #(
                    if event_type.is_version_of(&<#types as ::headwater_event::Event>::TYPE) {
                        return <#types as ::headwater_event::Event>::decode(event_type.version, data)
                            .map(|event| ::core::option::Option::Some(Self::#variants(event)));
                    }
                )*
                ::core::result::Result::Ok(::core::option::Option::None)
            }
        }

        const _: () = {
            #(::core::assert!(
                <#types as ::headwater_event::Event>::TYPE.is_about_same_aggregate_as(&<#first as ::headwater_event::Event>::TYPE),
                #same
            );)*
        };

        #(
            #[automatically_derived]
            impl ::core::convert::From<#types> for #set {
                fn from(event: #types) -> Self {
                    Self::#variants(event)
                }
            }
        )*
    })
}

fn event_of(variant: &Variant) -> Result<(&Ident, &Type), Error> {
    match &variant.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => Ok((&variant.ident, &fields.unnamed[0].ty)),
        _ => Err(Error::new_spanned(variant, "a variant of a set holds one event: `Paid(OrderPaid)`")),
    }
}
