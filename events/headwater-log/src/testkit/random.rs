use std::hash::{BuildHasher as _, Hasher as _, RandomState};

/// Numbers that are the same for the same seed (SplitMix64): enough to spread what happens in a test.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// The numbers of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Other numbers each time, or those of the seed in `HEADWATER_SEED`. Which one it is stands in the test's output.
    ///
    /// # Panics
    ///
    /// When `HEADWATER_SEED` is no number.
    #[allow(clippy::print_stdout, reason = "who sees the test fail needs it to see that again")]
    #[must_use]
    pub fn seeded() -> Self {
        let seed = match std::env::var("HEADWATER_SEED") {
            Ok(seed) => seed.parse().unwrap_or_else(|_| panic!("HEADWATER_SEED={seed} is no number")),
            // Every new hasher of the standard library has its own random key.
            Err(_) => RandomState::new().build_hasher().finish(),
        };
        println!("what happens is that of HEADWATER_SEED={seed}");
        Self(seed)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
