use headwater_event::EventSet;

#[derive(EventSet)]
struct OrderEvent {
    order: String,
}

fn main() {}
