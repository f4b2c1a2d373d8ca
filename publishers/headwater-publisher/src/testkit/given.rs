use std::thread;

use headwater_event::{Decider, EventSet, Outbox};
use headwater_log::Recording;

use super::Decided;
use super::decode::decode;
use super::history::History;

/// The aggregate after these events, in their order; `given::<D>([])` is one of which nobody has heard.
pub fn given<D: Decider>(events: impl IntoIterator<Item = D::Event>) -> Given<D> {
    Given { history: History { events: events.into_iter().collect(), recording: None } }
}

/// The aggregate after the events of a recording: it decides as it did where they were recorded.
///
/// # Panics
///
/// When the recording has events of several aggregates, or an event that the decider doesn't know or can't read.
#[track_caller]
pub fn given_recorded<D: Decider>(recording: &Recording) -> Given<D> {
    let aggregates = recording.aggregates();
    if let [first, second, ..] = aggregates[..] {
        panic!(
            "the recording has events of {first} and of {second}; take one's with `Recording::of_aggregate`"
        );
    }
    let read = |stored| match decode::<D::Event>(stored) {
        Ok(Some(event)) => event,
        Ok(None) => panic!(
            "the recorded event {:?} has the type {}, which the decider doesn't know",
            stored.envelope.id(),
            stored.envelope.type_name()
        ),
        Err(problem) => panic!("{problem}"),
    };
    let events = recording.events().map(read).collect();
    Given { history: History { events, recording: Some(recording.clone()) } }
}

/// An aggregate, before the command that is tested.
#[must_use = "a test says what is to happen: `.when(...)`"]
pub struct Given<D: Decider> {
    history: History<D::Event>,
}

impl<D: Decider> Given<D> {
    /// Lets the aggregate decide. If it panics, the history is printed as a recording.
    pub fn when(self, command: &D::Command) -> Decided<D> {
        let shown = ShownOnPanic(&self.history);
        let mut state = D::default();
        self.history.events.iter().for_each(|event| state.evolve(event));
        let decision = state.decide(command, &D::Outbox::new());
        drop(shown);
        Decided { decision, history: self.history }
    }
}

/// Prints the history when the decider panics.
struct ShownOnPanic<'a, E: EventSet>(&'a History<E>);

impl<E: EventSet> Drop for ShownOnPanic<'_, E> {
    #[allow(clippy::print_stderr, reason = "the report of a test that fails, beside the panic's")]
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("the decider has panicked\n{}", self.0.recorded(&[]));
        }
    }
}
