use headwater_event::{Event, JsonSchema};
use headwater_subscriber::{Apply, ApplyError, Projection, Recorded, Table, Tx};
use serde::{Deserialize, Serialize};

use crate::common::running::Running;
use crate::common::shop::{OrderPaid, paid, publish};
use crate::{Place, on_both_logs};

on_both_logs!(
    reads_two_streams_with_a_position_for_each,
    reads_the_history_of_two_streams_in_the_order_in_which_it_was_stored,
    does_not_wait_for_a_stream_that_is_not_there,
);

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "stock", aggregate = "item", name = "moved", version = 1)]
struct ItemMoved {
    #[event(key)]
    item: String,
}

/// What has happened, in the order in which it was applied.
#[derive(Projection)]
#[projection(name = "diary", applies(OrderPaid, ItemMoved))]
struct Diary {
    length: Table<String, u64>,
    days: Table<headwater_subscriber::Padded<u64>, String>,
}

impl Diary {
    fn write(&self, tx: &mut Tx<'_>, what: String) -> Result<(), ApplyError> {
        self.length.update(tx, &"all".to_owned(), |length| *length += 1)?;
        let length = self.length.get(tx, &"all".to_owned())?.copied().unwrap_or_default();
        self.days.put(tx, &headwater_subscriber::Padded(length), what)
    }
}

impl Apply<OrderPaid> for Diary {
    fn apply(&self, event: &Recorded<'_, OrderPaid>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        self.write(tx, format!("paid {}", event.data.order))
    }
}

impl Apply<ItemMoved> for Diary {
    fn apply(&self, event: &Recorded<'_, ItemMoved>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        self.write(tx, format!("moved {}", event.data.item))
    }
}

fn moved(item: impl ToString) -> ItemMoved {
    ItemMoved { item: item.to_string() }
}

fn entries(diary: &Running<Diary>) -> Vec<String> {
    diary.projection.days.rows(&diary.view).map(|row| row.unwrap().1).collect()
}

async fn reads_two_streams_with_a_position_for_each(place: Place) {
    let mut diary = Running::<Diary>::start(&place.data(), &place.log);
    for number in 1..=10 {
        publish(&place.log, paid(number, "ada", 1)).await;
    }
    for number in 1..=3 {
        publish(&place.log, moved(number)).await;
    }
    diary.reaches_in("orders", 10).await;
    diary.reaches_in("stock", 3).await;
    assert_eq!(diary.view.positions().unwrap().to_string(), "orders=10, stock=3");
    assert_eq!(entries(&diary).len(), 13);
    diary.stop().await;

    // Each goes on where it was.
    let mut diary = Running::<Diary>::start(&place.data(), &place.log);
    assert_eq!(diary.position.borrow().to_string(), "orders=10, stock=3");
    publish(&place.log, moved(4)).await;
    diary.reaches_in("stock", 4).await;
    publish(&place.log, paid(11, "ada", 1)).await;
    diary.reaches_in("orders", 11).await;
    let entries = entries(&diary);
    assert_eq!((entries.len(), &entries[13..]), (15, &["moved 4".to_owned(), "paid 11".to_owned()][..]));
    diary.stop().await;
}

async fn reads_the_history_of_two_streams_in_the_order_in_which_it_was_stored(place: Place) {
    let mut expected = Vec::new();
    for number in 1..=60 {
        if number % 3 == 0 || number > 50 {
            publish(&place.log, moved(number)).await;
            expected.push(format!("moved {number}"));
        } else {
            publish(&place.log, paid(number, "ada", 1)).await;
            expected.push(format!("paid {number}"));
        }
    }
    let mut diary = Running::<Diary>::start(&place.data(), &place.log);
    diary.reaches_in("stock", 26).await;
    diary.reaches_in("orders", 34).await;
    assert_eq!(entries(&diary), expected);
    diary.stop().await;
}

async fn does_not_wait_for_a_stream_that_is_not_there(place: Place) {
    let mut diary = Running::<Diary>::start(&place.data(), &place.log);
    let last = publish(&place.log, paid(1, "ada", 1)).await;
    diary.reaches_in("orders", last).await;
    publish(&place.log, moved(1)).await;
    diary.reaches_in("stock", 1).await;
    assert_eq!(entries(&diary), ["paid 1", "moved 1"]);
    diary.stop().await;
}
