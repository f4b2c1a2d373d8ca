use headwater_subscriber::{
    ApplyError, BuildId, Builds, Event, EventSchema, EventType, Projection, Projector, ProjectorError,
    StoreError, StoreKind, StoredEvent, TableInfo, Tx, Write,
};
use tempfile::TempDir;

use crate::common::revenue::Revenue;
use crate::common::shop::OrderPaid;

/// Before builds had directories of their own.
#[test]
fn refuses_a_state_that_an_earlier_version_of_headwater_has_built() {
    let directory = TempDir::new().unwrap();
    let db = sled::open(directory.path().join(Revenue::NAME)).unwrap();
    db.open_tree("projection").unwrap().insert("total\0all", "10").unwrap();
    drop(db);
    let Err(ProjectorError::Store(error)) = Projector::<Revenue>::open(directory.path()) else {
        panic!("it takes the store");
    };
    assert!(matches!(error, StoreError::Unbuilt { .. }), "{error:?}");
    let line = error.to_string();
    assert!(line.contains("move the directory away") && line.contains("rebuilt from the stream"), "{line}");
    let db = sled::open(directory.path().join(Revenue::NAME)).unwrap();
    assert_eq!(db.open_tree("projection").unwrap().len(), 1);
}

#[test]
fn refuses_a_store_that_another_projection_has_built() {
    let directory = TempDir::new().unwrap();
    drop(Projector::<Revenue>::open(directory.path()).unwrap());
    let build = BuildId::of::<Revenue>();
    let store =
        StoreKind::Sled.open(&Builds::new(directory.path(), Revenue::NAME).directory(&build)).unwrap();
    let builder = format!(r#"{{"name":"turnover","build":"{build}"}}"#).into_bytes();
    store.commit(vec![Write { key: b"\0builder".to_vec(), value: Some(builder) }]).unwrap();
    drop(store);
    let Err(ProjectorError::Store(error)) = Projector::<Revenue>::open(directory.path()) else {
        panic!("it takes the store");
    };
    assert!(matches!(error, StoreError::OtherBuilder { .. }), "{error:?}");
    let line = error.to_string();
    assert!(line.contains("was built by turnover build") && line.contains("this is revenue build"), "{line}");
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

/// A name that the macro would have refused.
struct ByHand;

impl Projection for ByHand {
    const NAME: &'static str = "by-hand";
    const VERSION: u32 = 1;
    const EVENTS: &'static [EventType<'static>] =
        &[EventType { domain: "no domain", ..<OrderPaid as Event>::TYPE }];

    fn new() -> Self {
        Self
    }

    fn tables(&self) -> Vec<TableInfo> {
        Vec::new()
    }

    fn read_schemas() -> Vec<EventSchema> {
        Vec::new()
    }

    fn dispatch(&self, _: &StoredEvent, _: &mut Tx<'_>) -> Result<(), ApplyError> {
        Ok(())
    }
}

#[test]
fn refuses_a_hand_written_projection_of_a_domain_that_no_stream_can_have() {
    let directory = TempDir::new().unwrap();
    let error = Projector::<ByHand>::open(directory.path()).err().unwrap();
    assert!(matches!(error, ProjectorError::Events(_)), "{error:?}");
    assert!(!directory.path().join("by-hand").exists());
}
