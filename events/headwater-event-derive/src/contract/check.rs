use headwater_contract::EventRef;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use super::ServiceContract;

/// What is compared: one list of the contract, with the events of the code that belong to it.
///
/// Only the types know their events' names, so the comparison is done in constants, when the crate is compiled. None
/// of them may depend on a generic parameter: `cargo check` would pass over it.
pub(crate) struct Check<'a> {
    /// The crate whose re-exports the code can name.
    pub(crate) root: &'a TokenStream,
    pub(crate) contract: &'a ServiceContract,
    /// The events of the contract's list, and their lines.
    pub(crate) declared: Vec<(&'a EventRef, usize)>,
    pub(crate) words: Words,
    /// The events of the code.
    pub(crate) code: Vec<CodeEvent<'a>>,
    /// Where to report that the code doesn't have an event of the contract, and what to do about it.
    pub(crate) missing: Missing<'a>,
}

/// An event of the code: the type, and how and where it is written.
pub(crate) struct CodeEvent<'a> {
    pub(crate) ty: &'a dyn ToTokens,
    pub(crate) span: Span,
    pub(crate) text: String,
}

pub(crate) struct Missing<'a> {
    pub(crate) span: Span,
    /// What to say after "contract.toml:9 publishes orders.order.paid@1, and ".
    pub(crate) message: Box<dyn Fn(&EventRef) -> String + 'a>,
}

/// What differs between what is published and what is read.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    /// "the contract ..."
    pub(crate) does: &'static str,
    /// "the contract doesn't ... it"
    pub(crate) does_not: &'static str,
    /// The contract's list.
    pub(crate) section: &'static str,
    /// How the code gets rid of an event.
    pub(crate) removal: &'static str,
    /// How the code names another version.
    pub(crate) other_version: &'static str,
}

impl Check<'_> {
    pub(crate) fn tokens(&self) -> TokenStream {
        let Self { root, .. } = self;
        let declared = self.declared.iter().map(|(event, line)| self.declaration(event, *line));
        let types = self.code.iter().map(|event| self.constant(event));
        let undeclared = self.code.iter().map(|event| self.undeclared(event));
        let missing =
            self.declared.iter().enumerate().map(|(index, (event, line))| self.missing(index, event, *line));
        quote! {
            const _: () = {
                const DECLARED: &[#root::__private::Declared] = &[#(#declared),*];
                const CODE: &[#root::EventType<'static>] = &[#(#types),*];
                #(#undeclared)*
                #(#missing)*
            };
        }
    }

    /// That the contract has this event of the code.
    fn undeclared(&self, event: &CodeEvent<'_>) -> TokenStream {
        let Self { root, words, .. } = self;
        let (constant, path) = (self.constant(event), self.contract.path());
        let Words { does, does_not, section, removal, other_version } = words;
        let is = format!("`{}` is ", event.text);
        let no = format!(", and {path} doesn't {does_not}: add ");
        let remedy = format!(" under {section} there, or {removal}; the contract {does} {}", self.list());
        let at_line = format!(", and {path}:");
        let has = format!(" {does} version ");
        let or = format!(" there, or {other_version}");
        quote_spanned! {event.span=>
            const _: () = {
                const EVENT: #root::EventType<'static> = #constant;
                match #root::__private::find(&EVENT, DECLARED) {
                    #root::__private::Match::Same => {}
                    #root::__private::Match::OtherVersion { version, line } => ::core::panic!(
                        "{}",
                        #root::__private::Message::new(#is).event(&EVENT)
                            .text(#at_line).number(line).text(#has).number(version as usize)
                            .text(": write ").entry(&EVENT).text(#or).as_str()
                    ),
                    #root::__private::Match::Missing => ::core::panic!(
                        "{}",
                        #root::__private::Message::new(#is).event(&EVENT)
                            .text(#no).entry(&EVENT).text(#remedy).as_str()
                    ),
                }
            };
        }
    }

    /// That the code has this event of the contract.
    fn missing(&self, index: usize, event: &EventRef, line: usize) -> TokenStream {
        let Self { root, words, missing, .. } = self;
        let message = format!(
            "{}:{line} {} {event}, and {}",
            self.contract.path(),
            words.does,
            (missing.message)(event)
        );
        quote_spanned! {missing.span=>
            const _: () = if !#root::__private::has(CODE, &DECLARED[#index].event, DECLARED) {
                ::core::panic!("{}", #message)
            };
        }
    }

    fn declaration(&self, EventRef { name, version }: &EventRef, line: usize) -> TokenStream {
        let root = self.root;
        let (domain, aggregate, event) = (name.domain(), name.aggregate(), name.event());
        quote! {
            #root::__private::Declared {
                event: #root::EventType {
                    namespace: "",
                    domain: #domain,
                    aggregate: #aggregate,
                    name: #event,
                    version: #version,
                },
                line: #line,
            }
        }
    }

    /// With the span of the event, so that what is wrong with its type is reported where it is written.
    fn constant(&self, event: &CodeEvent<'_>) -> TokenStream {
        let (root, ty) = (self.root, event.ty);
        quote_spanned! {event.span=> <#ty as #root::Event>::TYPE }
    }

    fn list(&self) -> String {
        let names: Vec<_> = self.declared.iter().map(|(event, _)| event.to_string()).collect();
        match names.split_last() {
            None => "nothing".to_owned(),
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
        }
    }
}
