//! The derive macros of Headwater. Use them through `headwater-event` and `headwater-subscriber`,
//! which re-export them beside the traits that they implement.

mod event;
mod event_attributes;
mod event_set;
mod name;
mod projection;

use proc_macro::TokenStream;
use syn::{DeriveInput, Error, parse_macro_input};

/// Implements `Event` for a struct: `#[event(domain = "orders", aggregate = "order", name = "paid",
/// version = 1)]`, with `upcasts = OlderType` from version 2 on, and `#[event(key)]` on the field that
/// names the aggregate.
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

/// Implements `Projection` for a struct of tables: `#[projection(name = "delay-stats", version = 1,
/// applies(FlightDeparted, FlightArrived))]`. For each event that it applies, the struct must implement
/// `Apply`.
#[proc_macro_derive(Projection, attributes(projection))]
pub fn derive_projection(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    projection::expand(&input).unwrap_or_else(Error::into_compile_error).into()
}
