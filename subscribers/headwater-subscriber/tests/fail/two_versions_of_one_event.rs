use headwater_event::{Event, JsonSchema};
use headwater_subscriber::{Apply, ApplyError, Projection, Recorded, Table, Tx};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
struct OrderPaidV1 {
    #[event(key)]
    order: String,
}

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 2, upcasts = OrderPaidV1)]
struct OrderPaid {
    #[event(key)]
    order: String,
}

impl From<OrderPaidV1> for OrderPaid {
    fn from(old: OrderPaidV1) -> Self {
        Self { order: old.order }
    }
}

#[derive(Projection)]
#[projection(name = "revenue", applies(OrderPaid, OrderPaidV1))]
struct Revenue {
    by_order: Table<String, u64>,
}

impl Apply<OrderPaid> for Revenue {
    fn apply(&self, _: &Recorded<'_, OrderPaid>, _: &mut Tx<'_>) -> Result<(), ApplyError> {
        Ok(())
    }
}

impl Apply<OrderPaidV1> for Revenue {
    fn apply(&self, _: &Recorded<'_, OrderPaidV1>, _: &mut Tx<'_>) -> Result<(), ApplyError> {
        Ok(())
    }
}

fn main() {}
