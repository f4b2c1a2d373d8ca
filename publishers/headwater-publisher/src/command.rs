use headwater_event::{CommandContext, Decider, EventSet};
use jiff::Timestamp;

/// What names an aggregate of a decider.
pub type Key<D> = <<D as Decider>::Event as EventSet>::Key;

/// A command on its way to an aggregate.
pub struct Command<D: Decider> {
    /// The aggregate that decides.
    pub key: Key<D>,
    /// What is asked for.
    pub command: D::Command,
    /// The command's id, and the flow and the trace that it belongs to.
    pub context: CommandContext,
    /// When what it asks for happens: the time of the events that it yields.
    pub at: Timestamp,
}
