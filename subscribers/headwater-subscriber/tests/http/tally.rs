use headwater_subscriber::{Apply, ApplyError, Index, Padded, Projection, Recorded, Table, Tx};
use serde::{Deserialize, Serialize};

use crate::common::shop::OrderPaid;

/// Each order, and how many events there were.
#[derive(Projection)]
#[projection(name = "tally", version = 3, applies(OrderPaid))]
pub(crate) struct Tally {
    events: Table<String, u64>,
    orders: Table<String, Order, (ByCents,)>,
    by_minute: Table<Padded<u32>, u64>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    customer: String,
    cents: u64,
}

pub(crate) struct ByCents;

impl Index<Order> for ByCents {
    const NAME: &'static str = "by-cents";
    type Key = Padded<u64>;

    fn key(order: &Order) -> Option<Padded<u64>> {
        Some(Padded(order.cents))
    }
}

impl Apply<OrderPaid> for Tally {
    fn apply(&self, event: &Recorded<'_, OrderPaid>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        let OrderPaid { order, customer, cents } = &event.data;
        if customer == "nobody" {
            return Err(ApplyError::refused("nobody pays nothing"));
        }
        self.events.update(tx, &"all".to_owned(), |events| *events += 1)?;
        self.by_minute.update(tx, &Padded(7), |events| *events += 1)?;
        self.orders.put(tx, order, Order { customer: customer.clone(), cents: *cents })
    }
}
