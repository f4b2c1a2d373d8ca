use headwater_subscriber::{Apply, ApplyError, Projection, Recorded, Table, Tx};

#[path = "../orders/mod.rs"]
mod orders;
use orders::*;

#[derive(Projection)]
#[projection(contract = "../contract.toml", applies(OrderPaidV1, OrderSentBack))]
struct Revenue {
    by_day: Table<String, u64>,
}

impl Apply<OrderPaidV1> for Revenue {
    fn apply(&self, _: &Recorded<'_, OrderPaidV1>, _: &mut Tx<'_>) -> Result<(), ApplyError> {
        Ok(())
    }
}

fn main() {}
