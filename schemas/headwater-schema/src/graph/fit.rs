use headwater_contract::{EventName, EventRef};

use super::index::{Index, Offer};

/// How a subscription fits what is published. It is one verdict, because one mistake is to be one error.
pub(super) enum Fit<'s> {
    /// The reader can read all that is published.
    Fits,
    /// No type has this name or version, and that is reported here.
    Undeclared,
    /// No type has this name or version, and that is reported where it is published.
    UndeclaredByPublisher,
    /// Nobody publishes it, because a publisher has misspelt it; that is reported there.
    MisspeltByPublisher,
    /// Nobody publishes the event in any version.
    Unpublished,
    /// The event is published, this version isn't, and no type has it.
    VersionUnpublished(Vec<Offer<'s>>),
    /// These versions are newer than the reader's.
    TooOld(Vec<Offer<'s>>),
    /// From these older versions no upcaster leads to the reader's.
    Unconnected(Vec<Offer<'s>>),
}

/// The verdict on a subscription: a reader must be able to read every published version, because a subject
/// has none.
pub(super) fn fit<'s>(index: &Index<'s>, event: &EventRef) -> Fit<'s> {
    let offers = index.offers_of(&event.name);
    let declared_name = index.declared.as_ref().is_none_or(|declared| declared.contains_key(&event.name));
    let by_publisher = |version: Option<u32>| {
        offers.iter().any(|offer| {
            offer.service.is_own() && version.is_none_or(|version| version == offer.publication.event.version)
        })
    };
    if !declared_name {
        return if by_publisher(None) { Fit::UndeclaredByPublisher } else { Fit::Undeclared };
    }
    if offers.is_empty() {
        return match () {
            () if !index.is_declared(&event.name, event.version) => Fit::Undeclared,
            () if published_misspelt(index, &event.name) => Fit::MisspeltByPublisher,
            () => Fit::Unpublished,
        };
    }
    if !index.is_declared(&event.name, event.version) {
        let exactly = offers.iter().any(|offer| offer.publication.event.version == event.version);
        return match () {
            () if by_publisher(Some(event.version)) => Fit::UndeclaredByPublisher,
            () if exactly => Fit::Undeclared,
            () => Fit::VersionUnpublished(offers.to_vec()),
        };
    }
    // What a publisher of ours publishes without a type is reported there.
    let with = |wanted: &dyn Fn(u32) -> bool| -> Vec<Offer<'s>> {
        let wanted = |offer: &&Offer<'s>| {
            let version = offer.publication.event.version;
            wanted(version) && (!offer.service.is_own() || index.is_declared(&event.name, version))
        };
        offers.iter().filter(wanted).copied().collect()
    };
    let newer = with(&|version| version > event.version);
    if !newer.is_empty() {
        return Fit::TooOld(newer);
    }
    let apart =
        with(&|version| version < event.version && !connected(index, &event.name, version, event.version));
    if apart.is_empty() { Fit::Fits } else { Fit::Unconnected(apart) }
}

/// Whether upcasters lead from one version to the other; `true` when the types aren't known.
fn connected(index: &Index<'_>, name: &EventName, from: u32, to: u32) -> bool {
    let Some(declared) = &index.declared else { return true };
    let Some(versions) = declared.get(name) else { return false };
    (from + 1..=to).all(|version| versions.get(&version).is_some_and(|schemas| schemas.upcasts))
}

fn published_misspelt(index: &Index<'_>, name: &EventName) -> bool {
    let mut misspelt = index.misspelt.iter().filter(|(_, meant)| **meant == name);
    misspelt.any(|(written, _)| index.offers_of(written).iter().any(|offer| offer.service.is_own()))
}
