mod field;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::meta::ParseNestedMeta;
use syn::parse::Parser as _;
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Error, Fields, LitStr, parse_quote};

use self::field::Field;
use crate::attributes::{fill, text, unknown};
use crate::contract::ServiceContract;
use crate::contract::check::{Check, Missing, Words};
use crate::name::Errors;

const SHAPE: &str =
    "an outbox is a struct with a field for each event that is published: `paid: Publishes<OrderPaid>`";

/// The struct, with what makes it an outbox; and if something is wrong with it, that beside it: what
/// names the struct should not fail as well.
pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    match syn::parse2::<DeriveInput>(item.clone()) {
        Ok(input) => outbox(arguments, input),
        Err(_) => {
            let error = Error::new(item.span(), SHAPE).into_compile_error();
            quote!(#item #error)
        }
    }
}

fn outbox(arguments: TokenStream, mut input: DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let contract = errors.keep(contract(arguments)).flatten();
    let fields = errors.keep(fields(&input));
    if !input.generics.params.is_empty() {
        errors.push(Error::new_spanned(
            &input.generics,
            "an outbox names each event that it publishes, so it can't be generic",
        ));
    }
    let implementation = match &fields {
        Some(fields) if input.generics.params.is_empty() => implementation(&input, fields, contract.as_ref()),
        _ => TokenStream::new(),
    };
    if let (Some(fields), Some(contract)) = (&fields, &contract) {
        let reasons: Vec<_> = fields.iter().map(|field| field.unread(contract)).collect();
        deny_unread(&mut input, &reasons);
    }
    let errors = errors.finish().err().map(Error::into_compile_error);
    quote! {
        #input
        #implementation
        #errors
    }
}

fn contract(arguments: TokenStream) -> Result<Option<ServiceContract>, Error> {
    let mut path: Option<LitStr> = None;
    let mut errors = Errors::default();
    let take = |meta: ParseNestedMeta<'_>| {
        errors.keep(if meta.path.is_ident("contract") {
            text(&meta).and_then(|given| fill(&mut path, given, &meta, "an outbox"))
        } else {
            unknown(&meta, "`outbox` takes contract")
        });
        Ok(())
    };
    let parsed = syn::meta::parser(take).parse2(arguments);
    errors.keep(parsed);
    errors.finish()?;
    path.as_ref().map(ServiceContract::load).transpose()
}

fn fields(input: &DeriveInput) -> Result<Vec<Field>, Error> {
    let Data::Struct(data) = &input.data else { return Err(Error::new_spanned(&input.ident, SHAPE)) };
    let named = match &data.fields {
        Fields::Named(fields) => fields,
        Fields::Unit => return Ok(Vec::new()),
        Fields::Unnamed(_) => return Err(Error::new_spanned(&input.ident, SHAPE)),
    };
    let mut errors = Errors::default();
    let mut fields: Vec<Field> = Vec::new();
    for field in &named.named {
        let Some(field) = errors.keep(Field::parse(field)) else { continue };
        if let Some(earlier) = fields.iter().find(|earlier| earlier.text == field.text) {
            let message = format!("`{}` publishes this event already; remove one of the two", earlier.name);
            errors.push(Error::new_spanned(&field.event, message));
        }
        fields.push(field);
    }
    errors.finish()?;
    Ok(fields)
}

fn implementation(input: &DeriveInput, fields: &[Field], contract: Option<&ServiceContract>) -> TokenStream {
    let outbox = &input.ident;
    let names: Vec<_> = fields.iter().map(|field| &field.name).collect();
    let types = fields.iter().map(|Field { event, .. }| {
        quote_spanned! {event.span()=> <#event as ::headwater_event::Event>::TYPE }
    });
    let contracted = contract.map(|contract| contracted(input, fields, contract));
    quote! {
        #[automatically_derived]
        impl ::headwater_event::Outbox for #outbox {
            const EVENTS: &'static [::headwater_event::EventType<'static>] = &[#(#types),*];

            fn new() -> Self {
                Self { #(#names: ::headwater_event::__private::publishes()),* }
            }
        }

        #contracted
    }
}

fn contracted(input: &DeriveInput, fields: &[Field], contract: &ServiceContract) -> TokenStream {
    let outbox = &input.ident;
    let root = quote!(::headwater_event);
    let constant = contract.constant(&root);
    let schemas = fields.iter().map(|Field { event, .. }| {
        quote_spanned! {event.span()=> schemas.extend(<#event as ::headwater_event::Event>::schemas()); }
    });
    let publishes = &contract.contract.publishes;
    let line = |publication: &headwater_contract::Publication| contract.contract.line_of(&publication.span);
    let check = Check {
        root: &root,
        contract,
        declared: publishes.iter().map(|publication| (&publication.event, line(publication))).collect(),
        words: WORDS,
        code: fields.iter().map(Field::code).collect(),
        missing: Missing {
            span: outbox.span(),
            message: Box::new(|event| {
                let field = event.name.event().replace('-', "_");
                format!(
                    "`{outbox}` has no field for it: add `{field}: Publishes<...>` with the event's type, or remove the line"
                )
            }),
        },
    };
    let check = check.tokens();
    quote! {
        #[automatically_derived]
        impl ::headwater_event::Contracted for #outbox {
            const CONTRACT: ::headwater_event::ContractText = #constant;

            fn schemas() -> ::headwater_event::__private::Vec<::headwater_event::EventSchema> {
                let mut schemas = ::headwater_event::__private::Vec::new();
                #(#schemas)*
                schemas
            }
        }

        #check
    }
}

const WORDS: Words = Words {
    does: "publishes",
    does_not: "publish it",
    section: "[publishes]",
    removal: "remove the field",
    other_version: "publish the type of that version here",
};

/// Makes rustc's own lint fail the build at a field that nothing reads: its event is declared and never published.
fn deny_unread(input: &mut DeriveInput, reasons: &[String]) {
    if let Data::Struct(data) = &mut input.data {
        for (field, reason) in data.fields.iter_mut().zip(reasons) {
            field.attrs.push(parse_quote!(#[deny(dead_code, reason = #reason)]));
        }
    }
}
