use headwater_subscriber::{Projection, Table};

#[derive(Projection)]
#[projection(name = "revenue", applies(OrderPaid, OrderShipped, OrderPaid))]
struct Revenue {
    by_order: Table<String, u64>,
}

fn main() {}
