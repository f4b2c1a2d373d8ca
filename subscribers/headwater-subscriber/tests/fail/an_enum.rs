use headwater_subscriber::Projection;

#[derive(Projection)]
#[projection(name = "revenue", applies(OrderPaid))]
enum Revenue {}

fn main() {}
