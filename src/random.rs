//! Keyed, counter-based draws: the only generator of the library.
//!
//! A [`Stream`] is ChaCha8 keyed by (seed, purpose) and positioned by a counter, usually the step. It depends on
//! nothing else, so step 7 of a resumed run, at any thread count, is step 7 of the whole run. The streams are part of
//! the interface: a change of them is value-breaking, and a test pins them.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a draw is for. Each purpose has a key of its own, so that adding one moves no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
#[non_exhaustive]
pub enum Purpose {
    /// Whether a batch or a row is mixed at all.
    Apply = 1,
    /// At which site.
    Site = 2,
    /// λ.
    Weight = 3,
    /// Who is mixed with whom.
    Partner = 4,
    /// Which rows are test, validation and training rows.
    Split = 5,
    /// In which order rows are visited.
    Order = 6,
    /// Initial weights.
    Init = 7,
    /// Dropout masks.
    Dropout = 8,
    /// Resampling for intervals.
    Bootstrap = 9,
    /// From which row a synthetic row starts.
    Base = 10,
    /// What is added after the blend.
    Residue = 11,
    /// Which of several equally frequent categories.
    Tie = 12,
    /// Where clusters begin.
    Cluster = 13,
    /// Which of several blends.
    Blend = 14,
    /// Which cells a mask takes from the partner.
    Mask = 15,
    /// Which rows are added to balance a batch.
    Added = 16,
    /// What a tree sees and where it cuts.
    Tree = 17,
    /// How an image is augmented.
    Augment = 18,
    /// Where a box stands.
    Box = 19,
    /// Between which rows a trained model is measured.
    Probe = 20,
    /// How a text is changed.
    Text = 21,
    /// Which tokens come from the partner.
    Span = 22,
}

/// A stream of draws for one (seed, purpose, counter).
///
/// ```
/// use candle_mixup::random::{Purpose, Stream};
///
/// let draw = |counter| Stream::new(42, Purpose::Weight, counter).unit();
/// assert_eq!(draw(7), draw(7));
/// assert_ne!(draw(7), draw(8));
/// ```
#[derive(Debug, Clone)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of (seed, purpose, counter).
    pub fn new(seed: u64, purpose: Purpose, counter: u64) -> Self {
        Self::keyed(seed, purpose, 0, counter)
    }

    /// The same with a further key: the epoch, the class, the hash of a name.
    pub fn keyed(seed: u64, purpose: Purpose, key: u64, counter: u64) -> Self {
        let mut bytes = *b"candle-mixup\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        bytes[12..16].copy_from_slice(&(purpose as u32).to_le_bytes());
        bytes[16..24].copy_from_slice(&seed.to_le_bytes());
        bytes[24..32].copy_from_slice(&key.to_le_bytes());
        let mut rng = ChaCha8Rng::from_seed(bytes);
        rng.set_stream(counter);
        Self(rng)
    }

    /// 64 uniform bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform on [0, 1), 53 bits.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform on 0..n without bias (Lemire 2019); `n` must be positive.
    pub fn below(&mut self, n: usize) -> usize {
        assert!(n > 0, "a draw below 0 has no outcome");
        let n = n as u64;
        let mut product = u128::from(self.next_u64()) * u128::from(n);
        // The threshold is below n, so that the division is seldom needed.
        if (product as u64) < n {
            let threshold = n.wrapping_neg() % n;
            while (product as u64) < threshold {
                product = u128::from(self.next_u64()) * u128::from(n);
            }
        }
        (product >> 64) as usize
    }

    /// A uniform permutation of 0..n (Fisher-Yates).
    pub fn permutation(&mut self, n: usize) -> Vec<u32> {
        let mut items: Vec<u32> = (0..n as u32).collect();
        self.shuffle(&mut items);
        items
    }

    /// Shuffles in place.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }

    /// The generator itself, for `rand_distr`.
    pub fn rng(&mut self) -> &mut impl Rng {
        &mut self.0
    }
}

/// A stable 64-bit hash of a name (FNV-1a), for [`Stream::keyed`].
pub fn name_key(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
