use headwater_event::{Event, JsonSchema};
use headwater_subscriber::{Projection, Projector, ProjectorError, State, StoreError, StoreKind};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::common::revenue::{Revenue, RevenueV2, rows};

#[test]
fn refuses_a_store_that_another_version_has_built() {
    let directory = TempDir::new().unwrap();
    drop(Projector::<Revenue>::open(directory.path()).unwrap());
    let Err(ProjectorError::Store(error)) = Projector::<RevenueV2>::open(directory.path()) else {
        panic!("it takes the store");
    };
    let line = error.to_string();
    assert!(line.contains("was built by revenue version 1, and this is revenue version 2"), "{line}");
    assert!(line.contains("move the directory away"), "{line}");
}

/// What versions before the `Store` trait have written, byte by byte.
#[test]
fn reads_on_in_a_store_that_is_older_than_the_trait() {
    let directory = TempDir::new().unwrap();
    let db = sled::open(directory.path().join(Revenue::NAME)).unwrap();
    let tree = db.open_tree("projection").unwrap();
    let checkpoint = r#"{"created":"2013-01-01T00:00:00Z","sequence":4,"event":"00"}"#;
    for (key, value) in [
        ("\0builder", r#"{"name":"revenue","version":1}"#),
        ("\0checkpoint", checkpoint),
        ("by-customer\0ada", r#"{"payments":4,"cents":10}"#),
        ("total\0all", "10"),
    ] {
        tree.insert(key, value).unwrap();
    }
    drop((tree, db));
    let projector = Projector::<Revenue>::open(directory.path()).unwrap();
    assert_eq!(*projector.position().borrow(), 4);
    assert_eq!(rows(&projector.view()), [r#"by-customer/ada {"payments":4,"cents":10}"#, "total/all 10"]);
}

#[test]
fn refuses_a_store_that_another_projection_has_built() {
    let directory = TempDir::new().unwrap();
    let store = directory.path().join(Revenue::NAME);
    drop(State::open(StoreKind::Sled, &store, "turnover", 1).unwrap());
    let Err(ProjectorError::Store(error)) = Projector::<Revenue>::open(directory.path()) else {
        panic!("it takes the store");
    };
    assert!(matches!(error, StoreError::OtherBuilder { .. }), "{error:?}");
}

#[test]
fn refuses_a_store_that_stays_in_use() {
    let directory = TempDir::new().unwrap();
    let _first = Projector::<Revenue>::open(directory.path()).unwrap();
    let Err(ProjectorError::Store(error)) = Projector::<Revenue>::open(directory.path()) else {
        panic!("it takes the store");
    };
    assert!(matches!(error, StoreError::InUse { .. }), "{error:?}");
}

#[test]
fn waits_for_a_store_that_is_in_use_for_a_moment() {
    let directory = TempDir::new().unwrap();
    let first = Projector::<Revenue>::open(directory.path()).unwrap();
    let path = directory.path().to_owned();
    let second = std::thread::spawn(move || Projector::<Revenue>::open(&path).map(drop));
    std::thread::sleep(std::time::Duration::from_millis(200));
    drop(first);
    second.join().unwrap().unwrap();
}

/// An event whose name the macro can't compare, because another crate may write the trait by hand.
#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "stock", aggregate = "item", name = "moved", version = 1)]
struct ItemMoved {
    #[event(key)]
    item: String,
}

struct ByHand;

impl Projection for ByHand {
    const NAME: &'static str = "by-hand";
    const VERSION: u32 = 1;
    const EVENTS: &'static [headwater_subscriber::EventType<'static>] =
        &[ItemMoved::TYPE, <crate::common::shop::OrderPaid as Event>::TYPE];

    fn new() -> Self {
        Self
    }

    fn dispatch(
        &self,
        _: &headwater_subscriber::StoredEvent,
        _: &mut headwater_subscriber::Tx<'_>,
    ) -> Result<(), headwater_subscriber::ApplyError> {
        Ok(())
    }
}

#[test]
fn refuses_a_hand_written_projection_of_two_domains() {
    let directory = TempDir::new().unwrap();
    let error = Projector::<ByHand>::open(directory.path()).err().unwrap();
    assert!(matches!(error, ProjectorError::Events(_)), "{error:?}");
    assert!(!directory.path().join("by-hand").exists());
}
