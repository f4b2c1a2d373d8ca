use headwater_event::EventSet;

#[derive(EventSet)]
enum OrderEvent {}

fn main() {}
