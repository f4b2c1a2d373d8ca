use headwater_event::{Decider, Outbox};

use super::Decided;

/// The aggregate after these events, in their order; `given::<D>([])` is one of which nobody has heard.
pub fn given<D: Decider>(events: impl IntoIterator<Item = D::Event>) -> Given<D> {
    let mut state = D::default();
    events.into_iter().for_each(|event| state.evolve(&event));
    Given { state }
}

/// An aggregate, before the command that is tested.
#[must_use = "a test says what is to happen: `.when(...)`"]
pub struct Given<D> {
    state: D,
}

impl<D: Decider> Given<D> {
    /// Lets the aggregate decide.
    pub fn when(self, command: &D::Command) -> Decided<D> {
        Decided { decision: self.state.decide(command, &D::Outbox::new()) }
    }
}
