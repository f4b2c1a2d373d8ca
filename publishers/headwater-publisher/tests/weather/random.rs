/// A small generator of numbers that are the same for the same seed (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % end
    }
}

/// How many rounds of bad weather a test has; `HEADWATER_WEATHER_ROUNDS` makes it more.
pub(crate) fn rounds(default: u64) -> u64 {
    match std::env::var("HEADWATER_WEATHER_ROUNDS") {
        Ok(rounds) => rounds.parse().expect("HEADWATER_WEATHER_ROUNDS is a number"),
        Err(_) => default,
    }
}
