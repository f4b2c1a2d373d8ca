use proc_macro2::Span;
use quote::ToTokens as _;
use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{DeriveInput, Error, LitInt, LitStr, Path, Token};

use crate::attributes::{each, fill, number, text, unknown, version};
use crate::contract::ServiceContract;
use crate::contract::check::Words;
use crate::name::{self, Errors};

/// How a kind of subscriber is talked about.
pub(crate) struct Kind {
    /// What it is called, and its attribute.
    pub(crate) noun: &'static str,
    /// What it does with events, and the list of them.
    pub(crate) list: &'static str,
    /// "it doesn't ... it", and the trait that does.
    pub(crate) verb: &'static str,
    pub(crate) implementation: &'static str,
    /// What the contract says of it.
    pub(crate) words: Words,
    /// Whether it has a state that can be divided.
    can_be_partitioned: bool,
}

pub(crate) const PROJECTION: Kind = Kind {
    noun: "projection",
    list: "applies",
    verb: "apply",
    implementation: "Apply",
    words: Words {
        does: "subscribes to",
        does_not: "subscribe to it",
        section: "[subscribes]",
        removal: "remove it from `applies`",
        other_version: "list the type of that version here",
    },
    can_be_partitioned: true,
};

pub(crate) const REACTOR: Kind = Kind {
    noun: "reactor",
    list: "handles",
    verb: "handle",
    implementation: "React",
    words: Words { removal: "remove it from `handles`", ..PROJECTION.words },
    can_be_partitioned: false,
};

/// What `#[projection(...)]` or `#[reactor(...)]` says, and the contract that it names.
pub(crate) struct Attributes {
    pub(crate) name: String,
    pub(crate) version: u32,
    /// The events that it lists.
    pub(crate) events: Vec<Path>,
    /// Where the list stands.
    pub(crate) events_span: Span,
    pub(crate) contract: Option<ServiceContract>,
    /// Whether its state can be divided.
    pub(crate) partitioned: bool,
}

impl Attributes {
    pub(crate) fn parse(kind: &Kind, input: &DeriveInput) -> Result<Self, Error> {
        let Kind { noun, list, .. } = kind;
        let mut given = Given::default();
        // What is missing may be what was misspelt, so that is said first and alone.
        each(input, noun, |meta| given.take(kind, meta))?;

        let mut errors = Errors::default();
        if given.events.as_ref().is_none_or(Vec::is_empty) {
            errors.push(Error::new_spanned(
                &input.ident,
                format!(
                    "the {noun} needs the events that it {list}: add #[{noun}({list}(EventOne, EventTwo))]"
                ),
            ));
        }
        for twice in given.listed_twice() {
            errors.push(Error::new_spanned(twice, "this event is listed already"));
        }
        let version = errors.keep(given.version.as_ref().map_or(Ok(1), version));
        let contract = given.contract.as_ref().map(ServiceContract::load);
        let contract = contract.and_then(|loaded| errors.keep(loaded));
        let name = errors.keep(given.name(kind, input, contract.as_ref()));
        errors.finish()?;
        match (name, version, given.events, given.events_span) {
            (Some(name), Some(version), Some(events), Some(events_span)) => Ok(Self {
                name,
                version,
                events,
                events_span,
                contract,
                partitioned: given.partitioned.is_some(),
            }),
            _ => Err(Error::new_spanned(&input.ident, format!("the {noun}'s attributes are incomplete"))),
        }
    }
}

#[derive(Default)]
struct Given {
    name: Option<LitStr>,
    version: Option<LitInt>,
    contract: Option<LitStr>,
    partitioned: Option<()>,
    events: Option<Vec<Path>>,
    events_span: Option<Span>,
}

impl Given {
    fn take(&mut self, kind: &Kind, meta: &ParseNestedMeta<'_>) -> Result<(), Error> {
        let Kind { noun, list, .. } = kind;
        let owner = &format!("a {noun}");
        if meta.path.is_ident("name") {
            fill(&mut self.name, text(meta)?, meta, owner)
        } else if meta.path.is_ident("version") {
            fill(&mut self.version, number(meta)?, meta, owner)
        } else if meta.path.is_ident("contract") {
            fill(&mut self.contract, text(meta)?, meta, owner)
        } else if kind.can_be_partitioned && meta.path.is_ident("partitioned") {
            fill(&mut self.partitioned, (), meta, owner)
        } else if meta.path.is_ident(list) {
            let events;
            syn::parenthesized!(events in meta.input);
            let events = Punctuated::<Path, Token![,]>::parse_terminated(&events)?;
            self.events_span = Some(meta.path.span());
            fill(&mut self.events, events.into_iter().collect(), meta, owner)
        } else {
            let partitioned = if kind.can_be_partitioned { " partitioned," } else { "" };
            unknown(meta, &format!("`{noun}` takes contract, name, version,{partitioned} and {list}"))
        }
    }

    /// The service's name; without a contract the one that is given.
    fn name(
        &self,
        kind: &Kind,
        input: &DeriveInput,
        contract: Option<&ServiceContract>,
    ) -> Result<String, Error> {
        let noun = kind.noun;
        match (&self.name, &self.contract) {
            (Some(name), None) => name::check(noun, name).map(|()| name.value()),
            (Some(name), Some(path)) => Err(Error::new_spanned(
                name,
                format!("the {noun} has its service's name, which {} says; remove `name`", path.value()),
            )),
            // What is wrong with the contract is said already.
            (None, Some(_)) => Ok(contract.map(|contract| contract.service().to_owned()).unwrap_or_default()),
            (None, None) => Err(Error::new_spanned(
                &input.ident,
                format!(
                    "the {noun} needs its service's contract: add #[{noun}(contract = \"contract.toml\")]; \
                     or, in a test, a `name`"
                ),
            )),
        }
    }

    fn listed_twice(&self) -> Vec<&Path> {
        let events = self.events.as_deref().unwrap_or_default();
        let text = |path: &Path| path.to_token_stream().to_string();
        let is_repeated =
            |&index: &usize| events[..index].iter().any(|earlier| text(earlier) == text(&events[index]));
        (0..events.len()).filter(is_repeated).map(|index| &events[index]).collect()
    }
}
