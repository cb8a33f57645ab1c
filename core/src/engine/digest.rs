//! The fingerprint of a run.

use std::fmt;

/// Changes whenever the meaning of a scenario changes, so that digests of different meanings are never compared.
pub const SEMANTICS: u32 = 1;

/// Folds what happened, in order, with its time. Two runs with the same digest did the same things at the same instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    state: u64,
}

impl Default for Digest {
    fn default() -> Self {
        Digest { state: 0x243F_6A88_85A3_08D3 }
    }
}

impl Digest {
    /// Folds one happening: its time, what it was, and two numbers about it.
    #[inline]
    pub fn fold(&mut self, time_ns: u64, what: u8, a: u32, b: u32) {
        let words = [time_ns ^ (u64::from(what) << 56), u64::from(a) << 32 | u64::from(b)];
        for word in words {
            let x = (self.state ^ word).wrapping_mul(0x9FB2_1C65_1E98_DF25);
            self.state = (x ^ (x >> 35)).wrapping_mul(0xD6E8_FEB8_6659_FD93).rotate_left(29);
        }
    }
}

impl fmt::Display for Digest {
    /// The semantics version and 16 hexadecimal digits: `1-0123456789abcdef`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SEMANTICS}-{:016x}", self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_time_matter() {
        let run = |happenings: &[(u64, u8, u32, u32)]| {
            let mut d = Digest::default();
            happenings.iter().for_each(|&(t, w, a, b)| d.fold(t, w, a, b));
            d
        };
        let (x, y) = ((1, 1, 2, 3), (1, 2, 2, 3));
        assert_eq!(run(&[x, y]), run(&[x, y]));
        assert_ne!(run(&[x, y]), run(&[y, x]));
        assert_ne!(run(&[x]), run(&[(2, 1, 2, 3)]));
        assert_ne!(run(&[x]), run(&[(1, 1, 3, 2)]));
    }
}
