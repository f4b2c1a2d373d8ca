//! An index leads to the rows that are there now, whatever has changed them, and changes with them.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::collections::BTreeMap;

use headwater_event::{Event, EventSet, JsonSchema};
use headwater_subscriber::testkit::{halts, project};
use headwater_subscriber::{
    Apply, ApplyError, Index, Padded, Projection, Recorded, StoreError, Table, Tx, View,
};
use serde::{Deserialize, Serialize};

/// A parcel is where the event says; nowhere any more when it says nothing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "parcels", aggregate = "parcel", name = "moved", version = 1)]
struct Moved {
    #[event(key)]
    parcel: String,
    town: Option<String>,
    grams: u32,
}

/// The same parcel has become heavier.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "parcels", aggregate = "parcel", name = "repacked", version = 1)]
struct Repacked {
    #[event(key)]
    parcel: String,
    more_grams: u32,
}

#[derive(Debug, Clone, EventSet)]
enum ParcelEvent {
    Moved(Moved),
    Repacked(Repacked),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Parcel {
    town: String,
    grams: u32,
}

struct ByTown;

impl Index<Parcel> for ByTown {
    const NAME: &'static str = "by-town";
    type Key = String;

    fn key(parcel: &Parcel) -> Option<String> {
        Some(parcel.town.clone())
    }
}

/// Only of the parcels that weigh something.
struct ByWeight;

impl Index<Parcel> for ByWeight {
    const NAME: &'static str = "by-weight";
    type Key = Padded<u32>;

    fn key(parcel: &Parcel) -> Option<Padded<u32>> {
        (parcel.grams > 0).then_some(Padded(parcel.grams))
    }
}

#[derive(Projection)]
#[projection(name = "parcels", applies(Moved, Repacked))]
struct Parcels {
    parcels: Table<String, Parcel, (ByTown, ByWeight)>,
}

impl Apply<Moved> for Parcels {
    fn apply(&self, event: &Recorded<'_, Moved>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        let Moved { parcel, town, grams } = event.data.clone();
        match town {
            Some(town) => self.parcels.put(tx, &parcel, Parcel { town, grams }),
            None => self.parcels.remove(tx, &parcel),
        }
    }
}

impl Apply<Repacked> for Parcels {
    fn apply(&self, event: &Recorded<'_, Repacked>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        let Some(parcel) = self.parcels.get_mut(tx, &event.data.parcel)? else { return Ok(()) };
        parcel.grams += event.data.more_grams;
        if parcel.grams > 1_000_000 {
            return Err(ApplyError::refused("nobody carries that"));
        }
        Ok(())
    }
}

fn moved(parcel: &str, town: &str, grams: u32) -> ParcelEvent {
    ParcelEvent::Moved(Moved { parcel: parcel.into(), town: Some(town.into()), grams })
}

fn lost(parcel: &str) -> ParcelEvent {
    ParcelEvent::Moved(Moved { parcel: parcel.into(), town: None, grams: 0 })
}

fn repacked(parcel: &str, more_grams: u32) -> ParcelEvent {
    ParcelEvent::Repacked(Repacked { parcel: parcel.into(), more_grams })
}

/// The keys of the rows, separated by spaces.
fn keys(rows: impl Iterator<Item = Result<(String, Parcel), StoreError>>) -> String {
    rows.map(|row| row.unwrap().0).collect::<Vec<_>>().join(" ")
}

#[test]
fn finds_rows_by_what_is_in_them_in_the_order_of_the_index() {
    let events = [("1", "Bern", 300), ("2", "Aarau", 20), ("3", "Bern", 100), ("4", "Bernau", 0)];
    let events = events.map(|(parcel, town, grams)| moved(parcel, town, grams));
    project::<Parcels>(events).replayed_twice().expects(|Parcels { parcels }, view| {
        let town = |town: &str| keys(parcels.by(ByTown, view, town.to_owned()..=town.to_owned()));
        assert_eq!(["Aarau", "Bern", "Bernau", "Ber", ""].map(town), ["2", "1 3", "4", "", ""]);
        assert_eq!(keys(parcels.by(ByTown, view, ..)), "2 1 3 4");
        assert_eq!(keys(parcels.by(ByTown, view, "Bern".to_owned()..)), "1 3 4");
        assert_eq!(keys(parcels.by(ByTown, view, .."Bern".to_owned())), "2");
        assert_eq!(keys(parcels.by(ByWeight, view, ..)), "2 3 1");
        assert_eq!(keys(parcels.by(ByWeight, view, Padded(20)..Padded(300)).rev()), "3 2");
        assert_eq!(keys(parcels.by(ByWeight, view, ..).rev().take(1)), "1");
    });
}

#[test]
fn a_row_that_is_changed_or_removed_leaves_its_old_place() {
    let events = [
        moved("1", "Bern", 300),
        moved("2", "Bern", 200),
        moved("3", "Bern", 100),
        moved("1", "Aarau", 300),
        repacked("3", 900),
        lost("2"),
        lost("never there"),
        // There and back, and there and away again, perhaps within one commit.
        moved("3", "Chur", 1),
        moved("3", "Bern", 1000),
        moved("4", "Chur", 7),
        lost("4"),
    ];
    project::<Parcels>(events).replayed_twice().expects(|Parcels { parcels }, view| {
        assert_eq!(keys(parcels.by(ByTown, view, ..)), "1 3");
        assert_eq!(keys(parcels.by(ByWeight, view, ..)), "1 3");
        assert_eq!(parcels.by(ByWeight, view, Padded(1000)..).next().unwrap().unwrap().1.town, "Bern");
    });
}

#[test]
fn what_an_event_that_is_refused_has_changed_is_not_in_the_index() {
    let (parcels, _) = halts::<Parcels>([moved("1", "Bern", 300), repacked("1", 2_000_000)]);
    parcels.expects(|Parcels { parcels }, view| {
        assert_eq!(keys(parcels.by(ByWeight, view, ..Padded(1000))), "1");
        assert_eq!(keys(parcels.by(ByWeight, view, Padded(1000)..)), "");
    });
}

/// Also when keys hold the bytes that separate what is in an index.
#[test]
fn an_index_has_each_row_once_in_its_place_after_any_changes() {
    let towns = ["", "a", "a\0", "a\0\u{1}", "ab", "a\u{1}", "\0", "é"];
    let mut events = Vec::new();
    let mut expected = BTreeMap::new();
    let mut random: u32 = 2013;
    let mut below = |limit: u32| {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (random >> 16) % limit
    };
    for _ in 0..500 {
        let parcel = format!("{}-{}", below(5), below(5));
        if below(4) == 0 {
            events.push(lost(&parcel));
            expected.remove(&parcel);
        } else {
            let (town, grams) = (towns[usize::try_from(below(8)).unwrap()], below(3));
            events.push(moved(&parcel, town, grams));
            expected.insert(parcel, Parcel { town: town.to_owned(), grams });
        }
    }
    project::<Parcels>(events).replayed_twice().expects(|Parcels { parcels }, view: &View| {
        let mut by_town: Vec<_> = expected.iter().collect();
        by_town.sort_by_key(|(key, parcel)| (&parcel.town, *key));
        let found: Vec<_> = parcels.by(ByTown, view, ..).map(Result::unwrap).collect();
        assert_eq!(found.iter().map(|(key, parcel)| (key, parcel)).collect::<Vec<_>>(), by_town);
        for town in towns {
            let wanted = by_town.iter().filter(|(_, parcel)| parcel.town == town).count();
            let town = town.to_owned();
            assert_eq!(parcels.by(ByTown, view, town.clone()..=town.clone()).count(), wanted, "{town:?}");
        }
        let heavy = expected.values().filter(|parcel| parcel.grams > 0).count();
        assert_eq!(parcels.by(ByWeight, view, ..).count(), heavy);
    });
}
