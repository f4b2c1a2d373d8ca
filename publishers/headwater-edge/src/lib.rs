//! The HTTP edge: CloudEvents over HTTP into the log, for services in other languages.
//!
//! A service that can't link Headwater sends its events to `POST /events`, in any of the three content modes of the
//! CloudEvents HTTP binding. The edge is its gate: an event gets in only if the contract of its source declares it and its
//! data fits the schema that is registered for it. What gets in is stored as if a Rust service had published it:
//! with an expected version, and once, however often it is sent.
//!
//! | part | knows |
//! |---|---|
//! | [`Admission`] | which service may publish what, and what it looks like |
//! | `request` | HTTP messages: content modes, preconditions, trace context |
//! | `commit` | how an event comes to be stored once, after the aggregate's last one |
//! | [`ProblemKind`] | everything that can go wrong, as problem documents (RFC 9457) |
//! | `http` | routes, limits, connections |

mod admission;
mod announcing;
mod commit;
mod http;
mod problem;
mod request;
mod service;
mod tokens;

pub use admission::{Admission, AdmissionError, SourceError, load_contract, load_registry};
pub use http::{Edge, Limits, serve};
pub use problem::ProblemKind;
pub use service::main;
pub use tokens::{Tokens, TokensError};
