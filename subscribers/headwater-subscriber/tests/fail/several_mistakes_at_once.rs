use headwater_subscriber::{Projection, Table};

#[derive(Projection)]
#[projection(nam = "revenue", version = "two", name = 7, applies(OrderPaid))]
struct Revenue(Table<String, u64>);

fn main() {}
