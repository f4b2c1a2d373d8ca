use crate::names::EventName;

/// The candidate that someone who wrote `name` probably meant, if one is near enough.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .filter_map(|candidate| slip(name, candidate).map(|distance| (distance, candidate)))
        .min()
        .map(|(_, candidate)| candidate)
}

/// The event that was probably meant: one that differs in a single part of its name, and there by a slip.
pub fn nearest_event<'a>(
    name: &EventName,
    candidates: impl IntoIterator<Item = &'a EventName>,
) -> Option<&'a EventName> {
    candidates
        .into_iter()
        .filter_map(|candidate| {
            // Comparing for equality first keeps this cheap, also when a thousand names are wrong at once.
            let parts = [
                (name.event(), candidate.event()),
                (name.aggregate(), candidate.aggregate()),
                (name.domain(), candidate.domain()),
            ];
            let mut different = parts.iter().filter(|(written, meant)| written != meant);
            match (different.next(), different.next()) {
                (Some((written, meant)), None) => slip(written, meant).map(|distance| (distance, candidate)),
                _ => None,
            }
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters are off, if that is few enough for a slip.
fn slip(written: &str, meant: &str) -> Option<usize> {
    // A third of the letters: "keep" for "keeps", "depatred" for "departed", and not one short word for
    // another.
    let limit = (written.chars().count() / 3).clamp(1, 4);
    if written == meant || written.len().abs_diff(meant.len()) > limit {
        return None;
    }
    Some(strsim::damerau_levenshtein(written, meant)).filter(|distance| *distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        assert_eq!(nearest("keep", ["service", "keeps"]), Some("keeps"));
    }

    #[test]
    fn stays_silent_when_nothing_is_near() {
        assert_eq!(nearest("colour", ["name", "owner", "domain"]), None);
        assert_eq!(nearest("name", []), None);
    }

    #[test]
    fn finds_the_event_that_was_meant() {
        let [departed, arrived, observed]: [EventName; 3] =
            ["flights.flight.departed", "flights.flight.arrived", "weather.station.observed"]
                .map(|name| name.parse().unwrap());
        let meant = |name: &str| nearest_event(&name.parse().unwrap(), [&departed, &arrived, &observed]);
        assert_eq!(meant("flights.flight.depatred"), Some(&departed));
        assert_eq!(meant("flight.flight.departed"), Some(&departed));
        assert_eq!(meant("flights.flihgt.arrived"), Some(&arrived));
        assert_eq!(meant("flights.flight.boarded"), None);
        assert_eq!(meant("flight.flights.departed"), None);
    }
}
