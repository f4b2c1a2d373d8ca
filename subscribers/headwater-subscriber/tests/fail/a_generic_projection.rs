use headwater_subscriber::{Projection, Table};

#[derive(Projection)]
#[projection(name = "revenue", applies(OrderPaid))]
struct Revenue<K> {
    by_order: Table<K, u64>,
}

fn main() {}
