use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

use headwater_event::{Aggregate, CommandContext};
use headwater_log::{Append, Log};
use headwater_subscriber::{Apply, ApplyError, Projection, Recorded, Table, Tx};
use jiff::Timestamp;

use super::shop::{OrderPaid, paid};

/// What was paid for each order, in the order in which it was.
#[derive(Projection)]
#[projection(name = "receipts", partitioned, applies(OrderPaid))]
pub(crate) struct Receipts {
    pub(crate) by_order: Table<String, Vec<u64>>,
}

/// No event of this customer is applied while the door is closed.
static DOOR: (Mutex<bool>, Condvar) = (Mutex::new(true), Condvar::new());

pub(crate) fn door(open: bool) {
    *DOOR.0.lock().unwrap_or_else(PoisonError::into_inner) = open;
    DOOR.1.notify_all();
}

/// How many events were applied in this process, those of other tests included.
pub(crate) static APPLIED: AtomicU64 = AtomicU64::new(0);

impl Apply<OrderPaid> for Receipts {
    fn apply(&self, event: &Recorded<'_, OrderPaid>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        let OrderPaid { order, customer, cents } = &event.data;
        APPLIED.fetch_add(1, Ordering::Relaxed);
        match customer.as_str() {
            "nobody" => return Err(ApplyError::refused("nobody pays nothing")),
            "waits" => {
                let open = DOOR.0.lock().unwrap_or_else(PoisonError::into_inner);
                drop(DOOR.1.wait_while(open, |open| !*open).unwrap_or_else(PoisonError::into_inner));
            }
            _ => {}
        }
        self.by_order.update(tx, order, |paid: &mut Vec<u64>| paid.push(*cents))
    }
}

/// Publishes payments, of which an order may have several.
#[derive(Default)]
pub(crate) struct Till {
    versions: HashMap<String, u64>,
    payments: u64,
}

impl Till {
    /// Says the event's sequence.
    pub(crate) async fn pay(&mut self, log: &Log, order: &str, customer: &str) -> u64 {
        let event = paid(order, customer, self.payments);
        let command = CommandContext::new(format!("payment {}", self.payments));
        let envelope = command.envelope(&event, 0, "/shop", Timestamp::UNIX_EPOCH).unwrap();
        let aggregate = Aggregate::new("orders".parse().unwrap(), "order", order).unwrap();
        log.open(aggregate.domain()).await.unwrap();
        let version = self.versions.entry(order.to_owned()).or_default();
        let append = Append { aggregate, expected: *version, events: vec![envelope] };
        *version = log.append(append).await.unwrap().last;
        self.payments += 1;
        *version
    }

    /// Pays for so many orders in turn, and says the last sequence.
    pub(crate) async fn pay_for(&mut self, log: &Log, orders: u64, payments: u64) -> u64 {
        let mut last = 0;
        for _ in 0..payments {
            last = self.pay(log, &(self.payments % orders).to_string(), "ada").await;
        }
        last
    }
}
