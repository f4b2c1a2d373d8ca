use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
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
    let members: Vec<Member<'_>> =
        data.variants.iter().filter_map(|variant| errors.keep(Member::of(variant))).collect();
    if data.variants.is_empty() {
        errors.push(Error::new_spanned(
            &input.ident,
            "a set of events holds at least one: a variant like `Paid(OrderPaid)`",
        ));
    }
    if !input.generics.params.is_empty() {
        errors.push(Error::new_spanned(
            &input.generics,
            "a set of events names each of them, so it can't be generic",
        ));
    }
    errors.finish()?;

    let set = &input.ident;
    let first_event = members[0].event;
    let first_key = quote_spanned! {first_event.span()=> <#first_event as ::headwater_event::Event>::Key };
    let constants: Vec<_> = members.iter().map(Member::constant).collect();
    let types = members.iter().map(Member::type_arm);
    let keys = members.iter().map(Member::key_arm);
    let json = members.iter().map(Member::json_arm);
    let schemas = members.iter().map(Member::schemas);
    let decoders = members.iter().map(Member::decoder);
    let conversions = members.iter().map(|member| member.conversion(set));
    let checks = checks(&members);
    Ok(quote! {
        #[automatically_derived]
        impl ::headwater_event::EventSet for #set {
            const TYPES: &'static [::headwater_event::EventType<'static>] = &[#(#constants),*];

            type Key = #first_key;

            fn event_type(&self) -> ::headwater_event::EventType<'static> {
                match self { #(#types)* }
            }

            fn key(&self) -> &Self::Key {
                match self { #(#keys)* }
            }

            fn to_json(&self) -> ::core::result::Result<
                ::headwater_event::__private::Bytes,
                ::headwater_event::__private::serde_json::Error,
            > {
                match self { #(#json)* }
            }

            fn decode(
                event_type: ::headwater_event::EventType<'_>,
                data: &[u8],
            ) -> ::core::result::Result<::core::option::Option<Self>, ::headwater_event::DecodeError> {
                #(#decoders)*
                ::core::result::Result::Ok(::core::option::Option::None)
            }

            fn schemas() -> ::headwater_event::__private::Vec<::headwater_event::EventSchema> {
                let mut schemas = ::headwater_event::__private::Vec::new();
                #(#schemas)*
                schemas
            }
        }

        #checks

        #(#conversions)*
    })
}

/// One variant. What is written for it has the span of the event's type, so that what is wrong with
/// the type is reported where it stands.
struct Member<'a> {
    variant: &'a Ident,
    event: &'a Type,
}

impl<'a> Member<'a> {
    fn of(variant: &'a Variant) -> Result<Self, Error> {
        match &variant.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                Ok(Self { variant: &variant.ident, event: &fields.unnamed[0].ty })
            }
            _ => Err(Error::new_spanned(variant, "a variant of a set holds one event: `Paid(OrderPaid)`")),
        }
    }

    fn constant(&self) -> TokenStream {
        let event = self.event;
        quote_spanned! {event.span()=> <#event as ::headwater_event::Event>::TYPE }
    }

    fn type_arm(&self) -> TokenStream {
        let (variant, constant) = (self.variant, self.constant());
        quote! { Self::#variant(_) => #constant, }
    }

    fn key_arm(&self) -> TokenStream {
        let Self { variant, event } = self;
        quote_spanned! {event.span()=> Self::#variant(event) => ::headwater_event::Event::key(event), }
    }

    fn json_arm(&self) -> TokenStream {
        let Self { variant, event } = self;
        quote_spanned! {event.span()=> Self::#variant(event) => ::headwater_event::EventSet::to_json(event), }
    }

    fn decoder(&self) -> TokenStream {
        let (variant, event, constant) = (self.variant, self.event, self.constant());
        quote_spanned! {event.span()=>
            if event_type.is_version_of(&#constant) {
                return <#event as ::headwater_event::Event>::decode(event_type.version, data)
                    .map(|event| ::core::option::Option::Some(Self::#variant(event)));
            }
        }
    }

    fn schemas(&self) -> TokenStream {
        let event = self.event;
        quote_spanned! {event.span()=> schemas.extend(<#event as ::headwater_event::Event>::schemas()); }
    }

    fn conversion(&self, set: &Ident) -> TokenStream {
        let Self { variant, event } = self;
        quote! {
            #[automatically_derived]
            impl ::core::convert::From<#event> for #set {
                fn from(event: #event) -> Self {
                    Self::#variant(event)
                }
            }

            #[automatically_derived]
            impl ::headwater_event::Holds<#event> for #set {
                fn hold(event: #event) -> Self {
                    Self::#variant(event)
                }
            }
        }
    }
}

/// Checks, when the set is compiled, what only the types of its events know.
fn checks(members: &[Member<'_>]) -> TokenStream {
    let mut checks = TokenStream::new();
    for (index, member) in members.iter().enumerate() {
        let (first, span) = (&members[0], member.event.span());
        let (one, other) = (member.constant(), first.constant());
        let message = format!(
            "`{}` and `{}` are of different aggregates; all events of a set belong to one aggregate of one domain",
            member.variant, first.variant
        );
        checks.extend(quote_spanned! {span=>
            const _: () = ::core::assert!(#one.is_about_same_aggregate_as(&#other), #message);
        });
        for earlier in &members[..index] {
            let other = earlier.constant();
            let message = format!(
                "`{}` and `{}` are versions of the same event; a set holds only the newest, which reads the older ones",
                member.variant, earlier.variant
            );
            // Only aggregates can be compared in a constant, so the names take their place.
            checks.extend(quote_spanned! {span=>
                const _: () = {
                    let one = ::headwater_event::EventType { aggregate: #one.name, ..#one };
                    let other = ::headwater_event::EventType { aggregate: #other.name, ..#other };
                    ::core::assert!(!one.is_about_same_aggregate_as(&other), #message);
                };
            });
        }
    }
    checks
}
