use headwater_event::{Event, JsonSchema};
use headwater_subscriber::{Apply, ApplyError, Projection, Recorded, Table, Tx};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
struct OrderPaid {
    #[event(key)]
    order: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "stock", aggregate = "item", name = "moved", version = 1)]
struct ItemMoved {
    #[event(key)]
    item: String,
}

#[derive(Projection)]
#[projection(name = "revenue", applies(OrderPaid, ItemMoved))]
struct Revenue {
    by_order: Table<String, u64>,
}

impl Apply<OrderPaid> for Revenue {
    fn apply(&self, _: &Recorded<'_, OrderPaid>, _: &mut Tx<'_>) -> Result<(), ApplyError> {
        Ok(())
    }
}

impl Apply<ItemMoved> for Revenue {
    fn apply(&self, _: &Recorded<'_, ItemMoved>, _: &mut Tx<'_>) -> Result<(), ApplyError> {
        Ok(())
    }
}

fn main() {}
