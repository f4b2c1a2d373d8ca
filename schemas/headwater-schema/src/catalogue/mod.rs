//! A catalogue of a system's events and services, as HTML pages that need no server and no scripts.

mod directory;
mod doc_text;
mod event_page;
mod fields;
mod graph;
mod index_page;
mod page;
mod service_page;
mod type_text;

use headwater_contract::Contract;

use crate::{About, TypeSchemas};
pub use directory::{Outdated, WriteError, write};
pub use page::{Page, PageError};

/// The pages of the catalogue: an index, and a page for each event and for each service. Their links are relative, so
/// that the directory can lie anywhere.
///
/// # Errors
///
/// [`PageError`] when a page can't be written.
pub fn pages(about: &About, contracts: &[Contract], events: &[TypeSchemas]) -> Result<Vec<Page>, PageError> {
    let names = event_page::names(contracts, events);
    let mut pages = vec![index_page::page(about, contracts, events, &names)?];
    for name in &names {
        pages.push(event_page::page(about, contracts, events, name)?);
    }
    for contract in contracts {
        pages.push(service_page::page(about, contract, events)?);
    }
    Ok(pages)
}
