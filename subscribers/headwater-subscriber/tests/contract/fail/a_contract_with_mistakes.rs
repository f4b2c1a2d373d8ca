use headwater_subscriber::{Apply, ApplyError, Projection, Recorded, Table, Tx};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

#[derive(Projection)]
#[projection(contract = "a_contract_with_mistakes.toml", applies(OrderPlaced, OrderPaid))]
struct Revenue {
    by_order: Table<String, u64>,
    by_customer: Table<String, u64>,
}

impl Apply<OrderPlaced> for Revenue {
    fn apply(&self, _: &Recorded<'_, OrderPlaced>, _: &mut Tx<'_>) -> Result<(), ApplyError> {
        Ok(())
    }
}

impl Apply<OrderPaid> for Revenue {
    fn apply(&self, _: &Recorded<'_, OrderPaid>, _: &mut Tx<'_>) -> Result<(), ApplyError> {
        Ok(())
    }
}

fn main() {}
