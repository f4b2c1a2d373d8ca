use headwater_subscriber::{Projection, Table};

#[derive(Projection)]
struct Revenue {
    by_order: Table<String, u64>,
}

fn main() {}
