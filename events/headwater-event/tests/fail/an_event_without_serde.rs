use headwater_event::Event;

#[derive(Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
struct OrderPaid {
    #[event(key)]
    order: String,
}

fn main() {}
