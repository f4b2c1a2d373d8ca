use headwater_subscriber::{Projection, Table};

#[derive(Projection)]
#[projection(name = "revenue", applies(OrderPaid))]
struct Revenue(Table<String, u64>);

fn main() {}
