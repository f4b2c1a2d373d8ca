use quote::quote;
use syn::spanned::Spanned as _;
use syn::{Error, GenericArgument, Ident, PathArguments, Type, Visibility};

use crate::contract::ServiceContract;
use crate::contract::check::CodeEvent;
use crate::name::Errors;

/// One field of an outbox: `paid: Publishes<OrderPaid>`.
pub(super) struct Field {
    pub(super) name: Ident,
    pub(super) event: Type,
    /// The event's type, as it is written.
    pub(super) text: String,
}

impl Field {
    pub(super) fn parse(field: &syn::Field) -> Result<Self, Error> {
        let mut errors = Errors::default();
        if let Visibility::Public(_) = field.vis {
            errors.push(Error::new_spanned(
                &field.vis,
                "an outbox's field can't be `pub`: then nobody could tell whether something reads it; remove `pub`",
            ));
        }
        let event = errors.keep(event(&field.ty));
        errors.finish()?;
        match (&field.ident, event) {
            (Some(name), Some(event)) => {
                Ok(Self { name: name.clone(), text: quote!(#event).to_string().replace(' ', ""), event })
            }
            _ => Err(Error::new_spanned(field, "an outbox's fields have names")),
        }
    }

    pub(super) fn code(&self) -> CodeEvent<'_> {
        CodeEvent { ty: &self.event, span: self.event.span(), text: self.text.clone() }
    }

    /// What to say when nothing reads the field.
    pub(super) fn unread(&self, contract: &ServiceContract) -> String {
        let name = self.name.to_string();
        let publishes = &contract.contract.publishes;
        // Only the type knows the event, and not yet; but a field is mostly named as its event is.
        let mut namesakes =
            publishes.iter().filter(|publication| publication.event.name.event().replace('-', "_") == name);
        let declares = match (namesakes.next(), namesakes.next()) {
            (Some(publication), None) => {
                let line = contract.contract.line_of(&publication.span);
                format!("{}:{line} declares {}", contract.path(), publication.event)
            }
            _ => format!("{} declares its event", contract.path()),
        };
        format!(
            "{declares} and nothing publishes it: publish it with `outbox.{name}.emit(...)`, or remove the line there and this field"
        )
    }
}

fn event(ty: &Type) -> Result<Type, Error> {
    let error = || {
        Error::new_spanned(
            ty,
            "an outbox's field is the right to publish one event: `Publishes<...>` with the event's type",
        )
    };
    let Type::Path(path) = ty else { return Err(error()) };
    let last = path.path.segments.last().filter(|last| last.ident == "Publishes").ok_or_else(error)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return Err(error()) };
    match arguments.args.first() {
        Some(GenericArgument::Type(event)) if arguments.args.len() == 1 => Ok(event.clone()),
        _ => Err(error()),
    }
}
