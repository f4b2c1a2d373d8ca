//! Tests of a service without a broker: of its decider, and of the whole service on a log in memory.
//!
//! # Example: a light, decided
//!
//! ```
//! # use headwater_event::{Decider, Event, EventSet, Events, JsonSchema, Publishes, outbox};
//! # use serde::{Deserialize, Serialize};
//! # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
//! # #[event(domain = "house", aggregate = "light", name = "switched-on", version = 1)]
//! # struct SwitchedOn {
//! #     #[event(key)]
//! #     room: String,
//! # }
//! # #[outbox]
//! # struct LightOutbox {
//! #     switched_on: Publishes<SwitchedOn>,
//! # }
//! # #[derive(Debug, PartialEq, thiserror::Error)]
//! # #[error("there is no bulb")]
//! # struct NoBulb;
//! # #[derive(Default)]
//! # struct Light { on: bool }
//! # struct SwitchOn { room: String, bulb: bool }
//! impl Decider for Light {
//!     // ...
//! #     type Command = SwitchOn;
//! #     type Event = SwitchedOn;
//! #     type Outbox = LightOutbox;
//! #     type Rejection = NoBulb;
//!     fn decide(&self, command: &SwitchOn, outbox: &LightOutbox) -> Result<Events<SwitchedOn>, NoBulb> {
//!         match command {
//!             SwitchOn { bulb: false, .. } => Err(NoBulb),
//!             SwitchOn { .. } if self.on => Ok(Events::none()),
//!             SwitchOn { room, .. } => Ok(outbox.switched_on.emit(SwitchedOn { room: room.clone() })),
//!         }
//!     }
//! #     fn evolve(&mut self, _: &SwitchedOn) { self.on = true; }
//! }
//!
//! use headwater_publisher::testkit::given;
//!
//! let switched_on = || SwitchedOn { room: "attic".into() };
//! let switch_on = |bulb| SwitchOn { room: "attic".into(), bulb };
//!
//! given::<Light>([]).when(&switch_on(true)).yields([switched_on()]);
//! given::<Light>([switched_on()]).when(&switch_on(true)).changes_nothing();
//! given::<Light>([]).when(&switch_on(false)).rejects(NoBulb);
//! ```
//!
//! # Example: a whole service whose log fails
//!
//! The answer to its append gets lost, so it doesn't know whether the light was switched on. It handles the same
//! command again, with the same id, and the light was switched on once.
//!
//! ```
//! # use std::sync::Arc;
//! # use headwater_event::{CommandContext, Decider, Event, Events, JsonSchema, Publishes, outbox};
//! # use jiff::Timestamp;
//! # use serde::{Deserialize, Serialize};
//! # #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
//! # #[event(domain = "house", aggregate = "light", name = "switched-on", version = 1)]
//! # struct SwitchedOn {
//! #     #[event(key)]
//! #     room: String,
//! # }
//! # #[outbox]
//! # struct LightOutbox {
//! #     switched_on: Publishes<SwitchedOn>,
//! # }
//! # #[derive(Debug, PartialEq, thiserror::Error)]
//! # #[error("there is no bulb")]
//! # struct NoBulb;
//! # #[derive(Default)]
//! # struct Light { on: bool }
//! # struct SwitchOn { room: String }
//! # impl Decider for Light {
//! #     type Command = SwitchOn;
//! #     type Event = SwitchedOn;
//! #     type Outbox = LightOutbox;
//! #     type Rejection = NoBulb;
//! #     fn decide(&self, SwitchOn { room }: &SwitchOn, outbox: &LightOutbox) -> Result<Events<SwitchedOn>, NoBulb> {
//! #         if self.on { return Ok(Events::none()) }
//! #         Ok(outbox.switched_on.emit(SwitchedOn { room: room.clone() }))
//! #     }
//! #     fn evolve(&mut self, _: &SwitchedOn) { self.on = true; }
//! # }
//! use headwater_log::{AppendFault, MemoryLog};
//! use headwater_publisher::testkit::published;
//! use headwater_publisher::{Aggregates, Command};
//!
//! fn switch_on(id: &str, room: &str) -> Command<Light> {
//!     // ...
//! #     let (context, at) = (CommandContext::new(id), Timestamp::UNIX_EPOCH);
//! #     Command { key: room.to_owned(), command: SwitchOn { room: room.to_owned() }, context, at }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let log = Arc::new(MemoryLog::new());
//! let lights = Aggregates::<Light>::open(log.clone(), "/house").await?;
//!
//! log.fail_next_append(AppendFault::AnswerLost);
//! assert!(lights.handle(switch_on("c1", "attic")).await.unwrap_err().is_unavailable());
//! assert!(lights.handle(switch_on("c1", "attic")).await?.repeated);
//!
//! assert_eq!(published::<SwitchedOn>(&log), [SwitchedOn { room: "attic".into() }]);
//! # Ok(())
//! # }
//! ```

mod decided;
mod decode;
mod given;
mod history;
mod overtaken;
mod published;

pub use decided::Decided;
pub use given::{Given, given, given_recorded};
pub use overtaken::overtaken_by;
pub use published::published;
