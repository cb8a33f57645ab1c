//! Named random streams.
//!
//! Every component and purpose draws from a stream of its own, keyed by (seed, the component's id, purpose), so adding a node
//! leaves all other draws as they were. The generator is xoshiro256++ (Blackman and Vigna, 2018), seeded through SplitMix64;
//! it stands here, and not in a library, because a new version of a dependency must never be able to change a run.

/// A stream of random numbers that belongs to one component and one purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    state: [u64; 4],
}

/// The increment of SplitMix64, 2^64 divided by the golden ratio.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A 64-bit hash of a text, the same on every platform (FNV-1a, then mixed).
pub fn hash_text(text: &str) -> u64 {
    let mut h = 0xCBF2_9CE4_8422_2325_u64;
    for byte in text.bytes() {
        h = (h ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    }
    mix(h)
}

/// Counter-based noise in [0, 1): the same arguments always give the same number, in whatever order they are asked for.
pub fn noise(seed: u64, purpose: u64, invocation: u64, attempt: u64) -> f64 {
    let h = mix(mix(mix(seed.wrapping_add(GOLDEN) ^ purpose).wrapping_add(invocation)).wrapping_add(GOLDEN ^ attempt));
    unit(h)
}

fn unit(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

impl Stream {
    /// The stream of `component` for `purpose` under `seed`.
    pub fn new(seed: u64, component: &str, purpose: &str) -> Stream {
        let mut z = mix(seed) ^ hash_text(component).rotate_left(17) ^ hash_text(purpose).rotate_left(41);
        let state = std::array::from_fn(|_| {
            z = z.wrapping_add(GOLDEN);
            mix(z)
        });
        Stream { state }
    }

    /// The next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let s = &mut self.state;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// Uniform in [0, 1).
    pub fn uniform(&mut self) -> f64 {
        unit(self.bits())
    }

    /// Uniform in (0, 1]: safe to take the logarithm of.
    pub fn positive(&mut self) -> f64 {
        1.0 - self.uniform()
    }

    /// Uniform in 0..n, without bias; 0 when n is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        if n <= 1 {
            return 0;
        }
        // Lemire's multiplication with rejection of the short range.
        let short = n.wrapping_neg() % n;
        loop {
            let wide = u128::from(self.bits()) * u128::from(n);
            if wide as u64 >= short {
                return (wide >> 64) as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_other_components_do_not_move() {
        let first = |id: &str| Stream::new(7, id, "place").bits();
        assert_eq!(first("a"), first("a"));
        assert_ne!(first("a"), first("b"));
        assert_ne!(Stream::new(7, "a", "place").bits(), Stream::new(8, "a", "place").bits());
        assert_ne!(Stream::new(7, "a", "place").bits(), Stream::new(7, "a", "other").bits());
    }

    #[test]
    fn below_is_uniform() {
        let mut s = Stream::new(1, "x", "below");
        let mut seen = [0u32; 5];
        for _ in 0..50_000 {
            seen[s.below(5) as usize] += 1;
        }
        assert!(seen.iter().all(|&n| (9_600..10_400).contains(&n)), "{seen:?}");
    }

    #[test]
    fn noise_depends_on_every_part_of_its_key() {
        let base = noise(1, 2, 3, 4);
        assert!(base != noise(2, 2, 3, 4) && base != noise(1, 3, 3, 4) && base != noise(1, 2, 4, 4) && base != noise(1, 2, 3, 5));
        let mean = (0..10_000).map(|i| noise(1, 2, i, 0)).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.01, "{mean}");
    }
}
