use std::collections::HashMap;
use std::sync::LazyLock;

use flight_events::{Airport, Carrier};

type Names = HashMap<&'static str, &'static str>;

static AIRPORTS: LazyLock<Names> = LazyLock::new(|| names(include_str!("../../data/airports.csv")));
static AIRLINES: LazyLock<Names> = LazyLock::new(|| names(include_str!("../../data/airlines.csv")));

/// The airport's name, as short as travellers say it; its code where the name isn't known.
pub(super) fn airport(airport: Airport) -> String {
    name(
        &AIRPORTS,
        airport.as_str(),
        &[" Intl", " International", " Airport", " Intl Airport", " Natl", " Rgnl"],
    )
}

/// The airline's name, without what kind of company it is.
pub(super) fn airline(carrier: Carrier) -> String {
    name(&AIRLINES, carrier.as_str(), &[" Inc.", " Co.", " Corporation"])
}

fn name(names: &Names, code: &str, endings: &[&str]) -> String {
    let name = names.get(code).copied().unwrap_or(code);
    endings.iter().fold(name, |name, ending| name.strip_suffix(ending).unwrap_or(name)).to_owned()
}

fn names(csv: &'static str) -> Names {
    csv.lines().skip(1).filter_map(|line| line.split_once(',')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_an_unknown_one_is_the_code() {
        let of = |code: &str| airport(code.parse().unwrap());
        assert_eq!((of("LAX"), of("BOS")), ("Los Angeles".into(), "General Edward Lawrence Logan".into()));
        // The records don't have Puerto Rico's.
        assert_eq!(of("SJU"), "SJU");
        assert_eq!(airline("UA".parse().unwrap()), "United Air Lines");
    }
}
