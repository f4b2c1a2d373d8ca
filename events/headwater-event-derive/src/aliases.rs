use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use serde_derive_internals::ast::{Container, Data};
use serde_derive_internals::{Ctxt, Derive};
use syn::DeriveInput;

/// The other names under which serde reads a field: `#[serde(alias = "...")]`.
///
/// A schema says nothing of them, and a reader that takes them accepts documents that its schema refuses.
pub(crate) struct Aliases {
    /// The property in the schema of what is read.
    property: String,
    aliases: Vec<String>,
}

/// The aliases of all fields of an event, by the names that serde gives them.
pub(crate) fn of_fields(input: &DeriveInput) -> Vec<Aliases> {
    let context = Ctxt::new();
    let container = Container::from_ast(&context, input, Derive::Deserialize, &format_ident!("__private"));
    // What serde finds wrong, it says itself: it derives the same struct.
    let understood = context.check().is_ok();
    match container {
        Some(Container { data: Data::Struct(_, fields), .. }) if understood => {
            let fields = fields.iter().filter(|field| !field.attrs.skip_deserializing());
            fields.map(|field| Aliases::of(&field.attrs)).filter(|field| !field.aliases.is_empty()).collect()
        }
        _ => Vec::new(),
    }
}

impl Aliases {
    fn of(field: &serde_derive_internals::attr::Field) -> Self {
        let property = field.name().deserialize_name().value.clone();
        // For serde a field's name is one of its aliases.
        let aliases = field.aliases().iter().map(|alias| alias.value.clone());
        Self { aliases: aliases.filter(|alias| *alias != property).collect(), property }
    }
}

impl ToTokens for Aliases {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { property, aliases } = self;
        tokens.extend(quote! { (#property, &[#(#aliases),*]) });
    }
}
