//! A stable hash of content: FNV-1a, 128 bits (Fowler, Noll, Vo; RFC 9923).

const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// Hashes what it is given, each item behind its length, so that moving a border changes the hash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fingerprint(u128);

impl Fingerprint {
    pub(crate) fn new() -> Self {
        Self(OFFSET)
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0 = bytes
            .iter()
            .fold(self.0, |h, &b| (h ^ u128::from(b)).wrapping_mul(PRIME));
    }

    /// A count or a border.
    pub(crate) fn count(&mut self, n: usize) {
        self.bytes(&(n as u64).to_le_bytes());
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.block(text.as_bytes());
    }

    /// Bytes behind their number.
    pub(crate) fn block(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.bytes(bytes);
    }

    pub(crate) fn texts(&mut self, texts: &[String]) {
        self.count(texts.len());
        for text in texts {
            self.text(text);
        }
    }

    pub(crate) fn numbers(&mut self, numbers: &[f32]) {
        self.count(numbers.len());
        for number in numbers {
            self.bytes(&number.to_bits().to_le_bytes());
        }
    }

    /// Numbers of 64 bits; `to_bits` of floats.
    pub(crate) fn words(&mut self, words: impl ExactSizeIterator<Item = u64>) {
        self.count(words.len());
        words.for_each(|word| self.bytes(&word.to_le_bytes()));
    }

    /// 32 hexadecimal digits.
    pub(crate) fn hex(self) -> String {
        format!("{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_the_published_values() {
        let mut hash = Fingerprint::new();
        assert_eq!(hash.hex(), "6c62272e07bb014262b821756295c58d");
        hash.bytes(b"a");
        assert_eq!(hash.hex(), "d228cb696f1a8caf78912b704e4a8964");
    }

    #[test]
    fn a_moved_border_shows() {
        let of = |texts: &[&str]| {
            let mut hash = Fingerprint::new();
            hash.texts(&texts.iter().map(|&t| t.to_owned()).collect::<Vec<_>>());
            hash.hex()
        };
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
    }
}
