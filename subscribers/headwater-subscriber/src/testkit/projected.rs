use std::path::Path;
use std::slice;
use std::sync::Arc;

use headwater_event::Domain;
use headwater_log::StoredEvent;
use headwater_log::service::report;
use jiff::Timestamp;
use tempfile::TempDir;

use super::Given;
use crate::applier::Applier;
use crate::front::Front;
use crate::partition::Partition;
use crate::projector::streams;
use crate::state::State;
use crate::streams::Arrival;
use crate::{BuildId, Builds, Projection, ProjectorError, Stores, View};

/// Builds the projection from `events`, in their order, in a directory of its own.
///
/// # Panics
///
/// When the projection halts; [`halts`] is for tests that want that.
pub fn project<P: Projection>(events: impl IntoIterator<Item = impl Into<Given>>) -> Projected<P> {
    match Projected::build(events) {
        (projected, Ok(())) => projected,
        (_, Err(error)) => panic!("{}", report(&error)),
    }
}

/// Builds the projection from `events`, which are to halt it, and says why it did and what it had by then.
///
/// # Panics
///
/// When the projection applies all of them.
pub fn halts<P: Projection>(
    events: impl IntoIterator<Item = impl Into<Given>>,
) -> (Projected<P>, ProjectorError) {
    let (projected, built) = Projected::build(events);
    (projected, built.expect_err("the projection applies all events"))
}

/// A projection that was built from given events.
pub struct Projected<P> {
    events: Vec<StoredEvent>,
    projection: Arc<P>,
    directory: TempDir,
    view: View,
}

impl<P: Projection> Projected<P> {
    /// Shows the projection and its state to the test's assertions.
    #[allow(clippy::must_use_candidate, reason = "it is called for its assertions")]
    pub fn expects(self, look: impl FnOnce(&P, &View)) -> Self {
        look(&self.projection, &self.view);
        self
    }

    /// Delivers the same events twice more, as after a crash, and builds the projection anew with a commit
    /// for each event. Neither may change a row.
    ///
    /// # Panics
    ///
    /// When a row differs afterwards: something was counted twice, or depends on what shares a commit.
    #[must_use]
    pub fn replayed_twice(self) -> Self {
        let Self { events, projection, directory, view } = self;
        let built = rows(&view);
        // The store is closed and opened again, as by another process.
        drop(view);
        let (view, mut applier) = open(&projection, directory.path());
        for replay in [&events, &events] {
            apply(&mut applier, replay).expect("a replay applies no event again");
        }
        assert_eq!(rows(&view), built, "a replay from the first event has changed the state");

        let fresh = TempDir::new().expect("a temporary directory can be made");
        let (anew, mut applier) = open(&projection, fresh.path());
        for event in &events {
            apply(&mut applier, slice::from_ref(event)).expect("an event can be applied without the others");
        }
        assert_eq!(rows(&anew), built, "events that are committed one by one yield another state");
        Self { events, projection, directory, view }
    }

    fn build(events: impl IntoIterator<Item = impl Into<Given>>) -> (Self, Result<(), ProjectorError>) {
        let stored = |(sequence, event): (u64, _)| Into::<Given>::into(event).stored(sequence);
        let events: Vec<_> = (1..).zip(events).map(stored).collect();
        let directory = TempDir::new().expect("a temporary directory can be made");
        let projection = Arc::new(P::new());
        let (view, mut applier) = open(&projection, directory.path());
        let built = apply(&mut applier, &events);
        (Self { events, projection, directory, view }, built)
    }
}

fn domains<P: Projection>() -> Vec<Domain> {
    streams(P::EVENTS).expect("the names of the events can be read").into_keys().collect()
}

/// Applies the events as if they came from the streams of their domains. An event of a domain that the projection doesn't
/// read is put to it all the same.
pub(super) fn apply<P: Projection>(
    applier: &mut Applier<P>,
    events: &[StoredEvent],
) -> Result<(), ProjectorError> {
    let domains = domains::<P>();
    let arrival = |event: &StoredEvent| {
        let event_type = event.envelope.event_type().ok();
        let domain = event_type.map(|event_type| event_type.domain);
        let stream = domains.iter().position(|one| Some(one.as_str()) == domain).unwrap_or(0);
        Arrival { stream, created: Timestamp::UNIX_EPOCH, event: event.clone() }
    };
    applier.apply(&mut events.iter().map(arrival).collect())
}

pub(super) fn open<P: Projection>(projection: &Arc<P>, directory: &Path) -> (View, Applier<P>) {
    let builds = Builds::new(directory, P::NAME);
    let state = State::open(&Stores::default(), &builds, &BuildId::of::<P>(), Partition::WHOLE);
    let state = state.expect("the store can be opened");
    let domains = domains::<P>();
    let front = Arc::new(Front::new(&domains));
    let applier = Applier::new(Arc::clone(projection), domains, state, Arc::clone(&front));
    (front.view(), applier.expect("the state can be read"))
}

/// All rows as text, and what is in the indexes.
fn rows(view: &View) -> Vec<String> {
    let tables = view.tables().expect("the tables can be listed");
    let row = |row: Result<crate::Row, _>| {
        serde_json::to_string(&row.expect("the row can be read")).expect("a row has JSON")
    };
    let indexed = view.index_entries().expect("the indexes can be read");
    let entry = |(key, _): crate::Entry| String::from_utf8_lossy(&key).replace('\0', " ");
    let rows = tables.iter().flat_map(|table| view.rows(table, "")).map(row);
    rows.chain(indexed.into_iter().map(entry)).collect()
}
