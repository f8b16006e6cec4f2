//! Which of 64 bytes are letters, digits or `_`, and which are not ASCII: eight at a time within a machine word.

/// Bytes looked at together.
pub(super) const BLOCK: usize = 64;

/// A bit for each byte of a block, the first in the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Masks {
    /// ASCII letters, digits and `_`.
    pub word: u64,
    /// Bytes that are not ASCII.
    pub high: u64,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const TOPS: u64 = ONES << 7;

/// The masks of a block; behind its bytes there is nothing.
pub(super) fn masks(bytes: &[u8]) -> Masks {
    match bytes.first_chunk::<BLOCK>() {
        Some(block) => of(block),
        None => {
            let mut block = [0; BLOCK];
            block[..bytes.len()].copy_from_slice(bytes);
            of(&block)
        }
    }
}

fn of(block: &[u8; BLOCK]) -> Masks {
    let (mut word, mut high) = (0, 0);
    for (i, eight) in block.as_chunks::<8>().0.iter().enumerate() {
        let x = u64::from_le_bytes(*eight);
        word |= gathered(words(x & !TOPS) & !x) << (8 * i);
        high |= gathered(x) << (8 * i);
    }
    Masks { word, high }
}

/// The top bit of each byte below 128 that is a letter, a digit or `_`; other bits are noise.
fn words(ascii: u64) -> u64 {
    let from = |x: u64, c: u8| x.wrapping_add(ONES * u64::from(0x80 - c));
    let within = |x: u64, first: u8, last: u8| from(x, first) & !from(x, last + 1);
    let lower = ascii | (ONES * 0x20);
    within(lower, b'a', b'z') | within(ascii, b'0', b'9') | within(ascii, b'_', b'_')
}

/// The top bits of eight bytes side by side.
fn gathered(x: u64) -> u64 {
    ((x & TOPS) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_at_every_place() {
        for byte in 0..=255u8 {
            for at in 0..BLOCK {
                let mut block = [b' '; BLOCK];
                block[at] = byte;
                let word = u64::from(byte.is_ascii_alphanumeric() || byte == b'_') << at;
                let high = u64::from(byte >= 0x80) << at;
                assert_eq!(masks(&block), Masks { word, high }, "{byte} at {at}");
            }
        }
        assert_eq!(masks(b"a_\xff"), Masks { word: 3, high: 4 });
    }
}
