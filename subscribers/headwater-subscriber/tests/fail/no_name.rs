use headwater_subscriber::{Projection, Table};

#[derive(Projection)]
#[projection(applies(OrderPaid))]
struct Revenue {
    by_order: Table<String, u64>,
}

fn main() {}
