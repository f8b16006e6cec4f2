//! Which rows of a leaf may be near enough to which queries: the measured inner loop of the search.
//!
//! ```text
//! pass  ⇐  ‖q_x − q_y‖² ≤ (reach_x + e_y)²
//! ⇔  q_x·q_y − ‖q_y‖²/2 ≥ (‖q_x‖² − (reach_x + e_y)²)/2
//! ```
//!
//! The left side is exact in whole numbers (½ is rounded so that more passes), by products of 8-bit codes where the
//! processor has them (AVX-512 VNNI) and by plain code elsewhere, with the same outcome.

use std::ops::Range;

use super::codes::{Coded, GROUP, LANES, Queries};
use crate::nn::simd::kernels;

/// The least left side that passes, for a query of this norm that reaches so far (in steps) and rows that have lost so
/// much.
pub(super) fn threshold(norm: i32, reach: f64, lost: f64) -> i32 {
    let limit = (reach + lost).powi(2) * (1.0 + 1e-9);
    // Rounding towards 0 from one less never rounds up. Casts keep within i32; whoever reaches everywhere lets all pass.
    ((f64::from(norm) - limit) / 2.0 - 1.0) as i32
}

/// Sets bit l of `masks[a·vectors + v]` where row l of the v-th of these vectors passes for the query `active[a]`;
/// `least` holds a [`threshold`] for each mask.
pub(super) fn screen(
    coded: &Coded,
    vectors: Range<usize>,
    queries: &Queries,
    active: &[usize],
    least: &[i32],
    masks: &mut [u16],
) {
    let groups = queries.groups;
    let width = groups * LANES * GROUP;
    let codes = &coded.codes[vectors.start * width..vectors.end * width];
    let norms = &coded.norms[vectors.start * LANES..vectors.end * LANES];
    let most = active.iter().max().map_or(0, |&q| q + 1);
    assert!(
        queries.codes.len() >= most * groups,
        "every active query has its codes"
    );
    let pairs = active.len() * vectors.len();
    assert_eq!(least.len(), pairs, "a threshold a mask");
    assert_eq!(masks.len(), pairs, "a mask a query and vector");
    #[cfg(target_arch = "x86_64")]
    if super::vnni::available() {
        // SAFETY: the processor has the instructions; there are `norms.len() / LANES` vectors of `groups` groups of
        // codes, as many masks and thresholds a query, and `groups` codes for each query, as was just asserted.
        return unsafe { super::vnni::screen(codes, norms, queries, active, least, masks) };
    }
    plain(codes, norms, queries, active, least, masks);
}

kernels! {
    /// The same in plain code.
    fn plain(
        codes: &[u8],
        norms: &[i32],
        queries: &Queries,
        active: &[usize],
        least: &[i32],
        masks: &mut [u16],
    ) {
        // Whole numbers have no fused form.
        let _ = FMA;
        let vectors = norms.len() / LANES;
        let width = queries.groups * LANES * GROUP;
        for (a, &q) in active.iter().enumerate() {
            let query = &queries.codes[q * queries.groups..][..queries.groups];
            for v in 0..vectors {
                let mut sums = [0i32; LANES];
                sums.copy_from_slice(&norms[v * LANES..][..LANES]);
                let rows = codes[v * width..][..width].chunks_exact(LANES * GROUP);
                for (group, codes) in query.iter().zip(rows) {
                    let bytes = group.to_le_bytes();
                    for (sum, codes) in sums.iter_mut().zip(codes.chunks_exact(GROUP)) {
                        for b in 0..GROUP {
                            *sum += i32::from(codes[b]) * i32::from(bytes[b] as i8);
                        }
                    }
                }
                let at = a * vectors + v;
                masks[at] = (0..LANES).fold(0, |mask, lane| {
                    mask | u16::from(sums[lane] >= least[at]) << lane
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    #[test]
    fn both_kernels_give_the_same_masks() {
        for (groups, vectors, count) in [(1, 1, 1), (8, 16, 64), (3, 5, 7), (18, 2, 3), (2, 7, 5)] {
            let mut stream = Stream::new(groups as u64, Purpose::Init, 0);
            let mut byte = || stream.below(255) as i32 - 127;
            let codes: Vec<u8> = (0..vectors * groups * LANES * GROUP)
                .map(|_| (byte() + 128) as u8)
                .collect();
            let norms: Vec<i32> = (0..vectors * LANES).map(|_| byte() * byte()).collect();
            let coded = Coded {
                codes: codes.clone(),
                norms: norms.clone(),
                lost: vec![0.0; vectors],
            };
            let queries = Queries {
                groups,
                codes: (0..(count + 2) * groups)
                    .map(|_| i32::from_le_bytes([0; 4].map(|_: u8| byte() as i8 as u8)))
                    .collect(),
                ..Queries::default()
            };
            let active: Vec<usize> = (2..count + 2).collect();
            let least: Vec<i32> = (0..count * vectors).map(|_| byte() * 300).collect();
            let (mut fast, mut slow) = (vec![0u16; count * vectors], vec![1u16; count * vectors]);
            screen(&coded, 0..vectors, &queries, &active, &least, &mut fast);
            plain(&codes, &norms, &queries, &active, &least, &mut slow);
            assert_eq!(fast, slow, "{groups} groups");
            let ones: u32 = slow.iter().map(|m| m.count_ones()).sum();
            assert!(
                count < 7 || (ones > 0 && ones < (16 * slow.len()) as u32),
                "{ones}"
            );
        }
    }
}
