//! Given events, when a command comes, then events or a rejection: tests of a decider without a broker.
//!
//! # Example: a light
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

mod decided;
mod given;

pub use decided::Decided;
pub use given::{Given, given};
