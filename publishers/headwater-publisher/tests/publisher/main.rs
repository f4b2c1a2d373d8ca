//! Commands become events: once, in order, and each decided on the state that it changes.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod account;
mod bed;
mod watched;

mod assuming_new;
mod contention;
mod crash_points;
mod feed;
mod guide;
mod handling;
mod in_memory;
mod network;
mod recorded;
mod repeating;
mod snapshots;
mod stale_cache;
mod together;
mod unreadable;
mod valid;
