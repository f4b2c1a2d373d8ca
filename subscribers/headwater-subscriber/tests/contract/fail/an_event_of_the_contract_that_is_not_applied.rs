use headwater_subscriber::{Apply, ApplyError, Projection, Recorded, Table, Tx};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

#[derive(Projection)]
#[projection(contract = "../contract.toml", applies(OrderPlaced))]
struct Revenue {
    by_order: Table<String, u64>,
    by_customer: Table<String, u64>,
}

impl Apply<OrderPlaced> for Revenue {
    fn apply(&self, _: &Recorded<'_, OrderPlaced>, _: &mut Tx<'_>) -> Result<(), ApplyError> {
        Ok(())
    }
}

fn main() {}
