//! The derive macros of Headwater. Use them through `headwater-event` and `headwater-subscriber`,
//! which re-export them beside the traits that they implement.

mod aliases;
mod attributes;
mod contract;
mod event;
mod event_attributes;
mod event_set;
mod name;
mod outbox;
mod projection;
mod reactor;

use proc_macro::TokenStream;
use syn::{DeriveInput, Error, parse_macro_input};

/// Implements `Event` for a struct: `#[event(domain = "orders", aggregate = "order", name = "paid",
/// version = 1)]`, with `upcasts = OlderType` from version 2 on, and `#[event(key)]` on the field that
/// names the aggregate.
///
/// # What schemas don't see
///
/// `#[serde(alias = "old")]` on a field of the event is carried into the schema of what is read, as
/// `"x-serde-alias": ["old"]` on the property, so that a renamed field is known to be readable. The types
/// *inside* an event have no such derive; say it there yourself:
///
/// - beside `#[serde(alias = "old")]` on a field: `#[schemars(extend("x-serde-alias" = ["old"]))]`
/// - beside `#[serde(other)]` on a variant: `#[schemars(extend("x-serde-other" = true))]`
#[proc_macro_derive(Event, attributes(event))]
pub fn derive_event(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    event::expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// Implements `EventSet` for an enum whose variants hold one event each.
#[proc_macro_derive(EventSet)]
pub fn derive_event_set(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    event_set::expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// Implements `Projection` for a struct of tables: `#[projection(contract = "contract.toml", version = 1,
/// applies(FlightDeparted, FlightArrived))]`. For each event that it applies, the struct must implement
/// `Apply`.
///
/// The contract, which lies beside the crate's `Cargo.toml`, gives the projection its name. What it subscribes to
/// must be what the projection applies, in the same versions, and what it `[keeps]`, if it says so, must be the
/// struct's tables; every difference is an error. A test may do without: `#[projection(name = "delay-stats",
/// applies(...))]`.
///
/// With `partitioned` it says that events of different keys never read or write one row, so that its state can be divided.
#[proc_macro_derive(Projection, attributes(projection))]
pub fn derive_projection(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    projection::expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// Implements `Reactor` for a struct with what its effects need: `#[reactor(contract = "contract.toml", version = 1,
/// handles(OrderPaid, OrderRefunded))]`. For each event that it handles, the struct must implement `React`.
///
/// The contract, which lies beside the crate's `Cargo.toml`, gives the reactor its name. What it subscribes to must be what the
/// reactor handles, in the same versions. A test may do without: `#[reactor(name = "receipts", handles(...))]`.
#[proc_macro_derive(Reactor, attributes(reactor))]
pub fn derive_reactor(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    reactor::expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// Implements `Outbox` for a struct of `Publishes<...>` fields: `#[outbox(contract = "contract.toml")]`.
///
/// The contract lies beside the crate's `Cargo.toml`. What it publishes must be the struct's fields, in the
/// same versions, and every field must be read: an event that is declared and never published is an error,
/// which is found by rustc's own lint `dead_code`. A test may do without the contract: `#[outbox]`.
#[proc_macro_attribute]
pub fn outbox(arguments: TokenStream, item: TokenStream) -> TokenStream {
    outbox::expand(arguments.into(), item.into()).into()
}
