use std::fmt::Display;
use std::ops::{Bound, RangeBounds};

use crate::OrderedKey;
use crate::table_info::{IndexInfo, KeyText};

/// An order of its own in which the rows of a table are found: by something that is in their values.
///
/// It is part of the table's type, and of every commit that changes a row. It is also part of the state: a
/// projection that gets another index is built anew, for what is there was built without.
///
/// # Example
///
/// ```
/// use headwater_subscriber::{Index, Padded, StoreError, Table, View};
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Flight { destination: String, delay_minutes: u16 }
///
/// struct ByDestination;
///
/// impl Index<Flight> for ByDestination {
///     const NAME: &'static str = "by-destination";
///     type Key = String;
///
///     fn key(flight: &Flight) -> Option<String> {
///         Some(flight.destination.clone())
///     }
/// }
///
/// struct ByDelay;
///
/// impl Index<Flight> for ByDelay {
///     const NAME: &'static str = "by-delay";
///     type Key = Padded<u16>;
///
///     /// Flights that were on time are not in this index.
///     fn key(flight: &Flight) -> Option<Padded<u16>> {
///         (flight.delay_minutes > 0).then_some(Padded(flight.delay_minutes))
///     }
/// }
///
/// type Flights = Table<String, Flight, (ByDestination, ByDelay)>;
///
/// # fn example(view: &View) -> Result<(), StoreError> {
/// const FLIGHTS: Flights = Table::new("flights");
/// // The ten flights with the longest delays.
/// for row in FLIGHTS.by(ByDelay, view, ..).rev().take(10) {
///     let (id, flight) = row?;
///     println!("{id} to {}", flight.destination);
/// }
/// # Ok(())
/// # }
/// ```
pub trait Index<V>: 'static {
    /// The index's name, unique in its table.
    const NAME: &'static str;

    /// By what rows are found.
    type Key: OrderedKey;

    /// Where the row with this value is in the index; `None` when it isn't in it.
    fn key(value: &V) -> Option<Self::Key>;
}

/// The indexes of a table: `()`, or a tuple of at most four.
pub trait Indexes<V>: 'static {
    /// Their names.
    const NAMES: &'static [&'static str];

    /// What they are called.
    fn infos() -> Vec<IndexInfo>;

    /// The names of the indexes in which a row with this value is, and where.
    fn positions(value: &V) -> Vec<(&'static str, String)>;
}

impl<V> Indexes<V> for () {
    const NAMES: &'static [&'static str] = &[];

    fn infos() -> Vec<IndexInfo> {
        Vec::new()
    }

    fn positions(_: &V) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

/// That an index is one of a table's. The compiler finds out which, `N`.
#[diagnostic::on_unimplemented(
    message = "the table has no index `{I}`",
    note = "add it to the table's type, `Table<K, V, ({I},)>`"
)]
pub trait Has<I, const N: usize> {}

macro_rules! indexes {
    ($($index:ident),*) => {
        impl<V, $($index: Index<V>),*> Indexes<V> for ($($index,)*) {
            const NAMES: &'static [&'static str] = &[$($index::NAME),*];

            fn infos() -> Vec<IndexInfo> {
                vec![$(IndexInfo { name: $index::NAME, key: KeyText::of::<$index::Key>() }),*]
            }

            fn positions(value: &V) -> Vec<(&'static str, String)> {
                let positions = [$($index::key(value).map(|key| ($index::NAME, key.to_string()))),*];
                positions.into_iter().flatten().collect()
            }
        }
    };
}

indexes!(A);
indexes!(A, B);
indexes!(A, B, C);
indexes!(A, B, C, D);

impl<A> Has<A, 0> for (A,) {}
impl<A, B> Has<A, 0> for (A, B) {}
impl<A, B> Has<B, 1> for (A, B) {}
impl<A, B, C> Has<A, 0> for (A, B, C) {}
impl<A, B, C> Has<B, 1> for (A, B, C) {}
impl<A, B, C> Has<C, 2> for (A, B, C) {}
impl<A, B, C, D> Has<A, 0> for (A, B, C, D) {}
impl<A, B, C, D> Has<B, 1> for (A, B, C, D) {}
impl<A, B, C, D> Has<C, 2> for (A, B, C, D) {}
impl<A, B, C, D> Has<D, 3> for (A, B, C, D) {}

/// Begins the key of each entry of an index. It is no table's row: tables have names.
pub(crate) const INDEX: &[u8] = b"\0index\0";

/// Between where a row is in an index and the row's own key. A zero byte in the first is escaped, so that
/// entries are in the order of both.
const SEPARATOR: &[u8] = b"\0\x01";

/// Where the entry of a row is kept.
pub(crate) fn entry_key(table: &str, index: &str, position: &str, row: &str) -> Vec<u8> {
    [&position_key(table, index, position), SEPARATOR, row.as_bytes()].concat()
}

/// From where and until before where the entries of a range are kept.
pub(crate) fn entries_between<K: Display>(
    table: &str,
    index: &str,
    range: &impl RangeBounds<K>,
) -> (Vec<u8>, Vec<u8>) {
    let at = |key: &K| position_key(table, index, &key.to_string());
    let after = |key: &K| [&at(key), b"\0\x02".as_slice()].concat();
    let from = match range.start_bound() {
        Bound::Included(key) => at(key),
        Bound::Excluded(key) => after(key),
        Bound::Unbounded => position_key(table, index, ""),
    };
    let to = match range.end_bound() {
        Bound::Included(key) => after(key),
        Bound::Excluded(key) => at(key),
        Bound::Unbounded => [INDEX, table.as_bytes(), b"\0", index.as_bytes(), b"\x01"].concat(),
    };
    (from, to)
}

/// From where and until before where the entries are kept whose places in the index begin with `prefix`.
pub(crate) fn entries_with_prefix(table: &str, index: &str, prefix: &str) -> (Vec<u8>, Vec<u8>) {
    let from = position_key(table, index, prefix);
    // No text has this byte, and it is greater than the one after an escaped zero.
    let to = [from.as_slice(), b"\xff"].concat();
    (from, to)
}

fn position_key(table: &str, index: &str, position: &str) -> Vec<u8> {
    let mut key = [INDEX, table.as_bytes(), b"\0", index.as_bytes(), b"\0"].concat();
    for &byte in position.as_bytes() {
        key.push(byte);
        if byte == 0 {
            key.push(0xff);
        }
    }
    key
}
