use headwater_subscriber::{Apply, ApplyError, Projection, Recorded, Row, Table, Tx, View};
use serde::{Deserialize, Serialize};

use super::shop::{OrderPaid, OrderRefunded};

/// What the shop has earned, in all and by customer.
#[derive(Projection)]
#[projection(name = "revenue", applies(OrderPaid, OrderRefunded))]
pub(crate) struct Revenue {
    pub(crate) total: Table<String, u64>,
    pub(crate) by_customer: Table<String, Customer>,
}

/// The same projection after a change of its code.
#[derive(Projection)]
#[projection(name = "revenue", version = 2, applies(OrderPaid))]
pub(crate) struct RevenueV2 {
    pub(crate) total: Table<String, u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Customer {
    pub(crate) payments: u64,
    pub(crate) cents: u64,
}

impl Apply<OrderPaid> for Revenue {
    fn apply(&self, event: &Recorded<'_, OrderPaid>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        let OrderPaid { customer, cents, .. } = &event.data;
        // First a change, so that whatever fails afterwards fails with half of its changes made.
        self.total.update(tx, &"all".to_owned(), |total| *total += cents)?;
        match customer.as_str() {
            "nobody" => return Err(ApplyError::refused("nobody pays nothing")),
            "panic" => panic!("this customer is too much"),
            _ => {}
        }
        self.by_customer.update(tx, customer, |row| {
            row.payments += 1;
            row.cents += cents;
        })
    }
}

impl Apply<OrderRefunded> for Revenue {
    fn apply(&self, event: &Recorded<'_, OrderRefunded>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        let OrderRefunded { customer, cents, .. } = &event.data;
        let row = self.by_customer.get_mut(tx, customer)?;
        let row = row.ok_or_else(|| ApplyError::refused(format!("{customer} never paid")))?;
        row.cents -= cents;
        if row.cents == 0 {
            self.by_customer.remove(tx, customer)?;
        }
        self.total.update(tx, &"all".to_owned(), |total| *total -= cents)
    }
}

impl Apply<OrderPaid> for RevenueV2 {
    fn apply(&self, event: &Recorded<'_, OrderPaid>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        self.total.update(tx, &"all".to_owned(), |total| *total += event.data.cents)
    }
}

/// All rows of a projection, as text.
pub(crate) fn rows(view: &View) -> Vec<String> {
    let text = |Row { table, key, value }: Row| format!("{table}/{key} {value}");
    let tables = view.tables().unwrap();
    tables.iter().flat_map(|table| view.rows(table, "")).map(|row| text(row.unwrap())).collect()
}
