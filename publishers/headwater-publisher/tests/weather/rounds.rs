/// How many rounds of bad weather a test has; `HEADWATER_WEATHER_ROUNDS` makes it more.
pub(crate) fn rounds(default: u64) -> u64 {
    match std::env::var("HEADWATER_WEATHER_ROUNDS") {
        Ok(rounds) => rounds.parse().expect("HEADWATER_WEATHER_ROUNDS is a number"),
        Err(_) => default,
    }
}
