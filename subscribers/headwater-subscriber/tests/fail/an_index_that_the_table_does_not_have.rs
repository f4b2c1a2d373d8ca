use headwater_subscriber::{Index, Table, View};

struct ByLength;

impl Index<String> for ByLength {
    const NAME: &'static str = "by-length";
    type Key = String;

    fn key(_: &String) -> Option<String> {
        None
    }
}

const NAMES: Table<String, String> = Table::new("names");

fn shortest(view: &View) -> usize {
    NAMES.by(ByLength, view, ..).count()
}

fn main() {}
