use headwater_event::EventSet;

#[derive(EventSet)]
enum OrderEvent {
    Paid(String),
}

fn main() {}
