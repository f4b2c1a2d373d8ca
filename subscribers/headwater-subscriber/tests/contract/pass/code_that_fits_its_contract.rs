use headwater_subscriber::{Apply, ApplyError, Projection, Recorded, Table, Tx};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

use headwater_subscriber::Contracted;

#[derive(Projection)]
#[projection(contract = "../contract.toml", version = 3, applies(orders::OrderPaid, OrderPlaced))]
#[allow(dead_code)]
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

fn main() {
    assert_eq!((Revenue::NAME, Revenue::VERSION), ("revenue", 3));
    assert_eq!(Revenue::CONTRACT.service, "revenue");
    assert_eq!(Revenue::CONTRACT.path, "../contract.toml");
    assert!(Revenue::CONTRACT.text.starts_with("[service]"));
    assert_eq!(Revenue::schemas().len(), 3);
}
