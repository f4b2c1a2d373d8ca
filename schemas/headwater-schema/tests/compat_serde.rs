//! Pairs of real types: what is said of their schemas, held against what serde does with their documents.

// The types are there for their schemas and what serde does with them, and for nothing else.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

#[macro_use]
#[path = "compat/pair.rs"]
mod pair;

#[path = "compat/enums.rs"]
mod enums;
#[path = "compat/flatten.rs"]
mod flatten;
#[path = "compat/maps_and_arrays.rs"]
mod maps_and_arrays;
#[path = "compat/numbers.rs"]
mod numbers;
#[path = "compat/strings.rs"]
mod strings;
#[path = "compat/structs.rs"]
mod structs;
