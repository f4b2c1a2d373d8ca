use headwater_subscriber::{Projection, Table};

#[derive(Projection)]
#[projection(name = "../Revenue", applies(OrderPaid))]
struct Revenue {
    by_order: Table<String, u64>,
}

fn main() {}
