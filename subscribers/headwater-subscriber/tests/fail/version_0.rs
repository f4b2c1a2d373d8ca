use headwater_subscriber::{Projection, Table};

#[derive(Projection)]
#[projection(name = "revenue", version = 0, applies(OrderPaid))]
struct Revenue {
    by_order: Table<String, u64>,
}

fn main() {}
