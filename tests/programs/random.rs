//! Numbers that look random and are the same for the same seed.

use std::env;

/// The seed of this run: the environment variable SEED, or always the same
/// number, so that a test doesn't fail today and pass tomorrow.
pub fn seed() -> u64 {
    let seed = env::var("SEED").unwrap_or("20240229".to_owned());
    seed.parse().expect("SEED is a number")
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Any number from 0 to `limit` - 1.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.number() % limit as u64) as usize
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}
